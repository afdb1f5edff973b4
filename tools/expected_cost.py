"""What an answer of an oracle is likely to cost, before it is asked: single ones, panels, and offline batches."""

import math
from statistics import fmean, stdev

from tools.engine.records import Answer, Task, Text
from tools.panel import read_panel
from tools.workbench import Workbench

Range = tuple[float, float]

ENOUGH_SEEN = 10
"""Answers of an oracle from which on its own price and pace are taken."""


def asking_price(bench: Workbench, task: Task, oracle: str, texts: list[Text]) -> Range | None:
    """Dollars for one answer, low to high: as those so far, else by counted tokens and the price table.

    Of `A>B` the low end is A's alone. None where the table lacks a model.
    """
    panel = read_panel(oracle)
    if panel is None:
        return _price(bench, task, oracle, texts)
    prices = [asking_price(bench, task, part, texts) for part in panel.parts]
    known = [price for price in prices if price is not None]
    if len(known) < len(prices):
        return None
    low = known[0][0] if panel.form == "chain" else sum(price[0] for price in known)
    return panel.times * low, panel.times * sum(price[1] for price in known)


def price_in_words(bench: Workbench, task: Task, oracle: str, texts: list[Text]) -> list[str]:
    """What the price rests on, a sentence for each language model; nothing where none is asked."""
    words = []
    several = len(_models(oracle)) > 1
    for model in _models(oracle):
        price = _price(bench, task, model, texts)
        who = f" of {model}" if several else ""
        if price is None:
            words.append(f"The price table lacks the model{who}, so its cost is not known.")
            continue
        later = model.partition(":")[0] == "offline"
        where = " in an offline batch, which may take a day," if later else ""
        basis = _basis(bench, task, model)
        words.append(f"An answer{who}{where} costs ${price[0]:.6f} to ${price[1]:.6f}, {basis}.")
    return words


def seen(bench: Workbench, task: Task, oracle: str) -> list[Answer]:
    """The answers that this oracle gave to the task before."""
    source = source_of(bench, oracle)
    return [label.answer for label in bench.labels.history(task.name) if label.answer.source == source]


def source_of(bench: Workbench, oracle: str) -> str:
    """The source that stands on the answers of the oracle of that name."""
    panel = read_panel(oracle)
    if panel is not None:
        return panel.named(lambda part: source_of(bench, part))
    kind, _, model = oracle.partition(":")
    return f"llm:{model or bench.settings.llm_model}" if kind in {"llm", "offline"} else oracle


def _models(oracle: str) -> list[str]:
    """The language models among the oracles of a name, each once."""
    panel = read_panel(oracle)
    if panel is None:
        return [oracle] if oracle.partition(":")[0] in {"llm", "offline"} else []
    return list(dict.fromkeys(model for part in panel.parts for model in _models(part)))


def _price(bench: Workbench, task: Task, oracle: str, texts: list[Text]) -> Range | None:
    kind, _, model = oracle.partition(":")
    if kind not in {"llm", "offline"} or not texts:
        return 0.0, 0.0
    expected = bench.language_models.expected(task, texts, model=model or None, offline=kind == "offline")
    if expected is None:
        return None
    paid = [answer.cost for answer in seen(bench, task, oracle) if answer.cost > 0]
    if len(paid) >= ENOUGH_SEEN and kind == "llm":
        margin = 2 * stdev(paid) / math.sqrt(len(paid))
        return max(0.0, fmean(paid) - margin), fmean(paid) + margin
    return expected[0] / len(texts), expected[1] / len(texts)


def _basis(bench: Workbench, task: Task, oracle: str) -> str:
    kind, _, model = oracle.partition(":")
    paid = sum(answer.cost > 0 for answer in seen(bench, task, oracle))
    if paid >= ENOUGH_SEEN and kind == "llm":
        return f"as {paid:,} answers so far did"
    _, _, counted = bench.language_models.expected(task, [], model=model or None) or (0, 0, 0)
    if counted >= ENOUGH_SEEN:
        return f"by the price table and the tokens of {counted:,} earlier answers of the model"
    return "by the price table, from the shortest answer to the longest allowed"
