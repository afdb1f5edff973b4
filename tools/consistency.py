"""Consistency: in each round an oracle is asked again about a random part of what it labeled, in another way.

An answer that differs is put to a second oracle where there is one; else the label is taken back and waits for a
person.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.answers import Purpose, Purposes, keep
from tools.checks import DOUBTED, store_opinion
from tools.engine.consistency import Repeat, Steadiness, steadiness
from tools.engine.ports import Oracle
from tools.engine.records import Answer, Label, Opinion, Task, Text, TextId
from tools.labeling import affordable
from tools.opinions import is_person
from tools.panel import Cascade, asks_a_model, reordered
from tools.workbench import Workbench

FEWEST, MOST = 4, 20
"""Texts asked again in a round, whatever the share."""
ORDER, PARAPHRASE = "order", "paraphrase"
PARAPHRASES = (
    "For each text, find the class under which a careful person would file it. The subject: {description}",
    "Sort texts into classes; go by the definitions, not by single words. What it is about: {description}",
)
"""Other wordings of what a task is, around its description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """What came of asking again in one round: texts asked, answers that differ, and what became of those.

    `moved` labels were changed after the second oracle, `open` were taken back and wait for a person.
    """

    asked: int
    differ: tuple[TextId, ...]
    moved: tuple[TextId, ...]
    open: tuple[TextId, ...]


def look_back(  # noqa: PLR0913 - who is asked again, who decides, when, how much, and by what draw
    bench: Workbench,
    task: Task,
    oracle: Oracle,
    *,
    second: Oracle | None,
    number: int,
    part: float,
    seed: int,
    budget: float | None = None,
) -> LookBack:
    """Ask the oracle again about a random `part` of the labels it gave, before round `number`; half in each variant.

    What was asked again for this round already is not asked twice. Raises BudgetSpent, OracleUnavailable.
    """
    labels = _given(bench, task, oracle)
    done = {one.text_id for one in _repeats(bench, task) if _when(one) == number}
    size = 0 if part == 0 or not labels else max(FEWEST, min(MOST, round(part * len(labels))))
    rng = np.random.default_rng([seed, number, 0xC0])
    drawn = [list(labels)[place] for place in rng.permutation(len(labels))[:size]]
    shuffled, order = reordered(task, rng)
    worded = replace(task, description=PARAPHRASES[number % 2].format(description=task.description))
    differ: list[TextId] = []
    for variant, asked, texts, note in (
        (ORDER, shuffled, drawn[::2], order),
        (PARAPHRASE, worded, drawn[1::2], None),
    ):
        fresh = bench.pools.texts(task.pool, [text for text in texts if text not in done])
        for group in affordable(bench, oracle, fresh, Purpose(task=task, role="train", round=number, budget=budget)):
            for answer in oracle.answers(group, asked):
                before = labels[answer.text_id].answer
                how = {"round": number, "before": before.label, "order": None if note is None else json.loads(note)}
                store_opinion(
                    bench,
                    task,
                    answer,
                    source=oracle.source,
                    purpose="repeat",
                    variant=variant,
                    note=json.dumps(how, ensure_ascii=False),
                )
                if answer.label is not None and answer.label != before.label:
                    differ.append(answer.text_id)
    moved, left = _settle(bench, task, oracle, second, differ)
    return LookBack(asked=len(drawn) - len(done), differ=tuple(differ), moved=moved, open=left)


def watch(  # noqa: PLR0913 - as `look_back`
    bench: Workbench, task: Task, oracle: Oracle, *, number: int, seed: int, budget: float | None
) -> None:
    """Look back on a language model before round `number`, as far as the settings say; others are not asked again."""
    part = bench.settings.oracle_repeats
    if part and asks_a_model(oracle.source):
        second = oracle.second if isinstance(oracle, Cascade) else None
        look_back(bench, task, oracle, second=second, number=number, part=part, seed=seed, budget=budget)


def steadiness_of(bench: Workbench, task: Task, source: str) -> Steadiness:
    """How steady the oracle of this source was over all rounds."""
    repeats = []
    for one in _repeats(bench, task):
        if one.source == source and one.label is not None and one.note is not None:
            how = json.loads(one.note)
            order = None if how["order"] is None else tuple(how["order"])
            repeats.append(Repeat(before=how["before"], now=one.label, round=how["round"], order=order))
    return steadiness(repeats)


def asked_again(bench: Workbench, task: Task) -> list[str]:
    """The sources that were asked again, in the order of their first time."""
    return list(dict.fromkeys(one.source for one in _repeats(bench, task)))


def _settle(
    bench: Workbench, task: Task, oracle: Oracle, second: Oracle | None, differ: Sequence[TextId]
) -> tuple[tuple[TextId, ...], tuple[TextId, ...]]:
    """Have the second oracle decide where it sides with one of the two answers; take back the other labels."""
    labels = bench.labels.current(task.name)
    again = {one.text_id: one for one in _repeats(bench, task) if one.source == oracle.source}
    opinions = _ask_second(bench, task, second, bench.pools.texts(task.pool, list(differ)))
    purposes = Purposes(bench, task)
    moved, left = [], []
    for text in differ:
        purpose, said = purposes.of(text), opinions.get(text)
        if said is not None and said.label == labels[text].answer.label:
            continue
        if said is not None and said.label is not None and said.label == again[text].label:
            keep(bench, replace(said, cost=0.0), purpose)
            moved.append(text)
        else:
            held = labels[text].answer
            keep(bench, Answer(text_id=text, outcome="withdrawn", source=held.source), purpose)
            bench.opinions.append(task.name, replace(again[text], variant=DOUBTED, cost=0.0, at=bench.clock()))
            left.append(text)
    return tuple(moved), tuple(left)


def _ask_second(bench: Workbench, task: Task, second: Oracle | None, texts: Sequence[Text]) -> Mapping[TextId, Answer]:
    if second is None or is_person(second.source) or not texts:
        return {}
    said = {}
    for answer in second.answers(texts, task):
        store_opinion(bench, task, answer, source=second.source, purpose="vote")
        said[answer.text_id] = answer
    return said


def _given(bench: Workbench, task: Task, oracle: Oracle) -> dict[TextId, Label]:
    """The labels that came from the oracle, under the guideline that holds; none of the gold sample."""
    return {
        text: label
        for text, label in bench.labels.current(task.name).items()
        if label.role != "gold" and label.guideline_version == task.guideline_version
        if label.answer.label is not None and _is_of(label.answer.source, oracle)
    }


def _is_of(source: str, oracle: Oracle) -> bool:
    """Whether an answer of this source is the oracle's, or that of a part of a cascade; a person's never is."""
    return source in {oracle.source, *oracle.source.split(">")} and not is_person(source)


def _repeats(bench: Workbench, task: Task) -> list[Opinion]:
    repeats = bench.opinions.of(task.name, purpose="repeat")
    return [one for one in repeats if one.variant in {ORDER, PARAPHRASE}]


def _when(opinion: Opinion) -> int:
    return int(json.loads(opinion.note or "{}").get("round", -1))
