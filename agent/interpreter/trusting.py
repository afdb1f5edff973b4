"""What is done about whom to trust: checks of an oracle, edits of the guideline, labels for a second look."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.interpreter import wording
from agent.interpreter.acts import Act, known_task
from agent.interpreter.asking import offer
from agent.interpreter.history import Result, Talk
from agent.interpreter.requests import Request
from agent.interpreter.saying import ask, say

SHOW_EDITS = "show the edits"


def check(request: Request, talk: Talk) -> Act:
    """Have an oracle checked, and nothing else."""
    said, facts = request.said, talk.facts
    oracle = said.get("oracle") or known_task(said, facts).oracle
    if oracle in {None, "human", "zero-shot"}:
        oracle = said.get("oracle") or ("llm" if facts.llm else oracle)
    if oracle is None:
        return say("Which oracle shall be checked? No language model is set; name one as replay:COLUMN, or set one.")
    if oracle == "human":
        return say("You label yourself: there is nobody to check.", offer("how do people agree"))
    if oracle == "replay:":
        return ask("column")
    named = {"task": said["task"]} if said.get("task") else {}
    budget = {"budget": said["budget"]} if "budget" in said else {}
    args = {**named, "oracle": oracle, "gate": said.get("gate", "human"), "check_only": True, **budget}
    return Act(text="It answers a random sample, and some of its answers are checked.", tool="run_rounds", args=args)


def accept(request: Request, talk: Talk) -> Act:
    """Accept edits of the guideline: those that are named, or those of the list that was shown last."""
    said, task = request.said, known_task(request.said, talk.facts)
    named: Sequence[str] = said.get("edits", ())
    shown = _shown(talk)
    if not named and shown is None:
        return Act(text="These are the edits that I propose.", tool="show_results", args={"show": "edits"})
    if not named and shown is not None:
        named = _chosen(said, shown)
    if not named:
        count = wording.count(len(shown or ()), "edit is", "edits are")
        return say(f"{count} proposed; say which.", offer(*choices(len(shown or ())), SHOW_EDITS))
    return Act(tool="set_task", args={"name": task.name, "edits": list(named)})


def choices(count: int) -> list[str]:
    """How edits of a list are accepted, in words."""
    return [*(f"accept edit {number}" for number in range(1, min(count, 3) + 1)), *(["accept all edits"] * (count > 1))]


def again(request: Request, _: Talk) -> Act:
    """Take doubtful labels back, so that a person gives them anew."""
    args = {key: request.said[key] for key in ("task", "count") if key in request.said}
    return Act(tool="undo", args={**args, "doubtful": True})


def _shown(talk: Talk) -> list[str] | None:
    """The names of the edits that were shown last."""
    for entry in reversed(talk.entries):
        if isinstance(entry, Result) and entry.tool == "set_task" and "edits" in entry.args:
            return None  # what was shown before does not hold any more
        if isinstance(entry, Result) and entry.tool == "show_results" and entry.args.get("show") == "edits":
            return [str(one.get("edit")) for one in wording.mappings(entry.receipt.get("edits"))]
    return None


def _chosen(said: Mapping[str, Any], shown: Sequence[str]) -> list[str]:
    number = said.get("number")
    if number is not None:
        return [shown[number - 1]] if 1 <= number <= len(shown) else []
    return [*shown] if said.get("all") or len(shown) == 1 else []
