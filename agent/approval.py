"""Approval: what a call would spend, delete, overwrite or send, on one card, and the person's decision about it.

The caps on dollars and labels hold below all this, in the tools themselves.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.arguments import Arguments, DeleteTask, Export, Predict, RunRounds
from agent.calls import Ready
from agent.toolbelt import Tool
from tools.engine.errors import AskAgain
from tools.engine.learning import IN_CONTEXT
from tools.labeling import spent_on
from tools.panel import asks_a_model
from tools.workbench import Workbench

if TYPE_CHECKING:
    from tools.estimate import RunEstimate

EDITABLE = ("labels", "rounds", "batch", "gold", "budget")
"""Numbers of a run that the person may change on the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the person is asked to allow.

    `texts` is how many texts leave this machine or labels are lost, at most; `dollars` the price range, None where no
    price is known or nothing is paid; `editable` the numbers that may be changed, as they stand.
    """

    call: str
    tool: str
    title: str
    what: str
    texts: int | None = None
    dollars: tuple[float, float] | None = None
    budget_left: float | None = None
    editable: dict[str, float | int | None] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {**asdict(self), "dollars": None if self.dollars is None else list(self.dollars)}


class Decision(BaseModel):
    """The person's answer to a card."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "refuse"]
    changes: dict[str, float | int | None] = Field(default_factory=dict, description="Numbers to change, by argument")
    reason: str = Field(default="", max_length=2_000, description="Why not, for the agent to heed")


def needed(call: Ready) -> bool:
    """Whether the person must be asked before the call is done."""
    match call.args:
        case RunRounds() as args:
            return _asks_llm(args)
        case DeleteTask():
            return True
        case Export() as args:
            return args.out is not None and _holds_files(Path(args.out))
        case Predict() as args:
            return args.out is not None and Path(args.out).exists()
        case _:
            return False


def card(bench: Workbench, call: Ready) -> Card | None:
    """The card of a call, None where none is needed. Raises LaudError for a call that could not be done anyway."""
    if not needed(call):
        return None
    match call.args:
        case RunRounds() as args:
            return _run_card(bench, call, args)
        case DeleteTask() as args:
            labels = len(bench.labels.current(bench.tasks.get(args.task).name))
            models = len(bench.rounds.models(args.task))
            lost = f"{labels:,} labels and {models:,} models go with it. This cannot be undone."
            title = f"Delete the task {args.task!r}"
            return Card(call=call.id, tool=call.tool.name, title=title, what=lost, texts=labels)
        case args:
            out = getattr(args, "out", "")
            title = f"Write over what is in {out}"
            what = f"{call.tool.name} writes into {out}, where files lie already; those of the same names are replaced."
            return Card(call=call.id, tool=call.tool.name, title=title, what=what)


def changed(call: Ready, shown: Mapping[str, Any], decision: Decision) -> Arguments:
    """The call's arguments as allowed: with the numbers on the card, and the person's in their place.

    Raises AskAgain for a number that is not on the card, or one that the tool does not take.
    """
    check_changes(call.tool, shown, decision)
    return call.tool.parse({**call.args.model_dump(exclude_unset=True), **shown, **decision.changes})


def check_changes(tool: Tool, shown: Mapping[str, Any], decision: Decision) -> None:
    """Raise AskAgain for a number that is not on the card, or one that the tool does not take."""
    foreign = sorted(set(decision.changes) - set(shown))
    if foreign:
        rest = f"only {', '.join(shown)} can" if shown else "there is only yes or no"
        raise AskAgain(f"{', '.join(foreign)} cannot be changed here; {rest}.")
    if decision.changes:
        tool.parse(decision.changes)


def read_decision(value: Mapping[str, Any]) -> Decision:
    """The person's answer, checked; raises AskAgain."""
    try:
        return Decision.model_validate(dict(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AskAgain(f"An answer to a card has decision, changes and reason; {place}: {first['msg']}.") from error


def _asks_llm(args: RunRounds) -> bool:
    return bool(_asked(args)) or args.learner == IN_CONTEXT


def _asked(args: RunRounds) -> list[str]:
    """The oracles of a run that ask a language model, each once."""
    named = [name for name in (args.oracle, args.gold_oracle, args.gate) if name and asks_a_model(name)]
    return list(dict.fromkeys(named))


def _holds_files(folder: Path) -> bool:
    return folder.is_file() or (folder.is_dir() and any(folder.iterdir()))


def _run_card(bench: Workbench, call: Ready, args: RunRounds) -> Card:
    from agent import actions  # noqa: PLC0415 - brings the learning libraries
    from tools.estimate import estimate  # noqa: PLC0415 - as above

    plan = actions.plan_of(args)
    found = estimate(bench, plan)
    who = " and ".join(
        f"the language model {bench.settings.llm_model!r}" if n == "llm" else repr(n) for n in _asked(args)
    )
    task = bench.tasks.get(str(args.task))
    budget = args.budget if args.budget is not None else task.budget
    labeled = found.calls[1] + found.sample if who else 0
    judged = bench.pools.get(task.pool).texts if args.learner == IN_CONTEXT else 0
    editable = {name: getattr(args, name) for name in EDITABLE}
    return Card(
        call=call.id,
        tool=call.tool.name,
        title=f"Let {who} label for {args.task!r}" if who else f"Have a language model judge the pool of {args.task!r}",
        what=_what(found, str(bench.settings.llm_base_url), asked=bool(who), judged=judged),
        texts=labeled + judged,
        dollars=found.dollars,
        budget_left=found.budget_left,
        editable={**editable, "budget": budget if budget is not None else _enough(bench, str(args.task), found)},
    )


def _what(found: "RunEstimate", endpoint: str, *, asked: bool, judged: int) -> str:
    low, high = (count + found.sample for count in found.calls)
    price = "at a price that is not known" if found.dollars is None else "for ${:.2f} to ${:.2f}".format(*found.dollars)
    labeled = [f"{low:,} to {high:,} texts of the pool"] if asked else []
    pool = [f"all {judged:,} texts of the pool, with labels beside them,"] if judged else []
    sentence = f"{', and at the end '.join(labeled + pool)} are sent to {endpoint}, {price}."
    return sentence[0].upper() + sentence[1:]


def _enough(bench: Workbench, task: str, found: "RunEstimate") -> float | None:
    """The budget that allows what the card says and no more; None where no price is known."""
    return (
        None if found.dollars is None else round(spent_on(bench, bench.tasks.get(task)) + found.dollars[1] + 0.005, 2)
    )
