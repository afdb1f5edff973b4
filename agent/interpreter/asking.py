"""What LAUD asks, in sentences that it can read back: a question stands in the messages and nowhere else.

A plan and the offers at the end of an answer are requests in the interpreter's own language, so that "yes" and "2" mean
what is written there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.interpreter.figures import run_figures
from agent.interpreter.words import readable, split
from tools.engine.errors import AskAgain

SLOTS: Mapping[str, str] = MappingProxyType(
    {
        "wish": "What shall I look for?",
        "file": "In which file are the texts? Name one, or say: the sample.",
        "new_file": "Which file shall I go through?",
        "classes": "Into which classes shall I sort them? Name two or more, or say: by theme.",
        "query": "What should the texts be like?",
        "cls": "Which class shall I define?",
        "definition": "What belongs to it?",
        "compare": "Which two rounds shall I compare?",
        "column": "Which column holds the known labels?",
    }
)
"""The question for each thing that can be missing."""
OFFERS = "You can say:"
PLAN = "Plan: "
ENOUGH = "enough"
"""What ends the questions about borderline texts."""
NUMBERS = ("labels", "rounds", "batch", "gold", "budget")
"""Figures of a plan that a person may change by themselves."""
_ORACLES = {"human": "labeled by you", "llm": "labeled by the language model", "zero-shot": "labeled by zero-shot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer of LAUD leaves open: a borderline text by number, a plan, something missing, or offers."""

    border: int | None = None
    plan: Mapping[str, Any] | None = None
    slot: str | None = None
    offers: Sequence[str] = field(default_factory=tuple)


def what_was_asked(text: str) -> Asked:
    """What this text of LAUD's leaves open."""
    border = re.findall(r"^Question (\d+) of \d+:", text, re.MULTILINE)
    plan = re.findall(rf"^{PLAN}(.+)$", text, re.MULTILINE)
    slot = next((name for name, question in SLOTS.items() if question in text.splitlines()), None)
    _, _, offered = text.rpartition(f"\n{OFFERS}\n")
    return Asked(
        border=int(border[-1]) if border else None,
        plan=run_figures(split(readable(plan[-1]))) if plan else None,
        slot=slot,
        offers=tuple(re.findall(r"^  \d+\. (.+)$", offered, re.MULTILINE)) if OFFERS in text else (),
    )


def answers_to(text: str) -> tuple[str, ...]:
    """What can be answered to this text of LAUD's, each as a person may say it; nothing where all is said."""
    asked = what_was_asked(text)
    if asked.border is not None:
        keys = text.splitlines()[-1]
        return (*re.findall(r"(?:^ +|   )\d+ (.+?)(?=   \d+ |$)", keys), ENOUGH)
    return ("yes", "no") if asked.plan is not None else tuple(asked.offers)


def offer(*requests: str) -> str:
    """The lines that offer requests to choose from."""
    return "\n".join([OFFERS, *(f"  {number}. {request}" for number, request in enumerate(requests, start=1))])


def border_question(question: Mapping[str, Any], number: int, total: int, shown: str) -> str:
    """A borderline text with its choices; `shown` is the text, fit to be shown."""
    choices = [*map(str, question.get("choices", ())), "cannot say"]
    keys = "   ".join(f"{key} {choice}" for key, choice in enumerate(choices, start=1))
    return f"Question {number} of {total}: what is this?\n  {shown}\n  {keys}"


def plan_line(figures: Mapping[str, Any]) -> str:
    """A plan in words that `what_was_asked` reads back."""
    return PLAN + in_words(figures)


def answer_to_plan(figures: Mapping[str, Any], *, agreed: bool, changes: Mapping[str, Any]) -> str:
    """What a person says to a plan: yes, no, or all of it with other numbers, which begins it.

    Raises AskAgain for a number that a plan does not have, or that no run can have.
    """
    foreign = sorted(set(changes) - set(NUMBERS))
    if foreign:
        raise AskAgain(f"{', '.join(foreign)} cannot be changed in a plan; only {', '.join(NUMBERS)} can.")
    wrong = sorted(name for name, value in changes.items() if value is not None and value <= 0)
    if wrong:
        raise AskAgain(f"{', '.join(wrong)} must be more than 0. Leave a number out where it should be as usual.")
    if not agreed:
        return "no"
    changed = {**figures, **changes}
    return "yes" if changed == dict(figures) else in_words(changed)


def in_words(figures: Mapping[str, Any]) -> str:
    """Figures of a run as a request: `run_figures` of it are the figures again."""
    in_all = " in all" if figures.get("in_all") else ""
    oracle, gold_oracle = figures.get("oracle"), figures.get("gold_oracle")
    made = {
        "rounds": "run {} rounds",
        "labels": "label {} texts" + in_all,
        "batch": "batches of {}",
        "budget": "budget ${:g}",
        "strategy": "strategy {}",
        "gold": "{} texts to judge by",
    }
    parts = [form.format(figures[name]) for name, form in made.items() if figures.get(name) is not None]
    if figures.get("learner"):
        parts.append({"finetune": "fine-tune", "head": "light head"}.get(figures["learner"], figures["learner"]))
    parts += [f"until {rule.replace('>=', ' >= ')}" for rule in figures.get("until", ())]
    if figures.get("quality") is not None:
        parts.append(f"quality {100 * figures['quality']:g} %")
    if figures.get("minutes") is not None:
        parts.append(f"{figures['minutes']:g} minutes by hand")
    if figures.get("seed_only"):
        parts.append("seed only")
    if oracle:
        parts.append(_labeled_by(oracle))
    if gold_oracle:
        parts.append(_labeled_by(gold_oracle).replace("labeled", "gold", 1))
    if figures.get("gate"):
        skipped = figures["gate"] == "skip"
        parts.append("skip the check" if skipped else _labeled_by(figures["gate"]).replace("labeled", "checked", 1))
    return ", ".join(parts)


def _labeled_by(oracle: str) -> str:
    kind, _, column = oracle.partition(":")
    if kind == "replay" and not set(">*") & set(column):
        return f'labeled by replaying column "{column}"'
    return _ORACLES.get(oracle, f'labeled by oracle "{oracle}"')
