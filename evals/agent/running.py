"""Runs the cases and says how it went: success, and what it took against what it should take."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.conversation import Said
from agent.model import open_chat_model
from evals.agent.cases import Case, Start, load_cases
from evals.agent.checking import problems
from evals.agent.driving import TookTooLong, person
from tools.demonstration import SAMPLE
from tools.engine.errors import LaudError
from tools.plan import RunPlan
from tools.pool import add_texts
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, load_task_file
from tools.workbench import Workbench, open_workbench

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

POOL = "receipts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a case went: what was wrong, and what it took."""

    case: Case
    problems: tuple[str, ...]
    model_calls: int
    tool_calls: int
    seconds: float

    @property
    def success(self) -> bool:
        """Whether all is as it should be."""
        return not self.problems

    @property
    def efficiency(self) -> float:
        """What it should have taken as a share of what it took, in model calls and tool calls; 1 at best."""
        wanted = self.case.model_calls + self.case.tool_calls
        return min(1.0, wanted / max(self.model_calls + self.tool_calls, 1))


class Starts:
    """Workspaces as cases begin with them: each made once, then copied. `sample` is the file that they hold."""

    def __init__(self, folder: Path, settings: Settings, sample: Path = SAMPLE / "receipts.csv") -> None:
        self._folder = folder
        self._settings = settings
        self._sample = sample

    def copy(self, start: Start, name: str) -> Settings:
        """The settings of a new copy."""
        workspace = self._folder / "cases" / name
        shutil.copytree(self._made(start), workspace)
        return self._settings.model_copy(update={"workspace": workspace})

    def _made(self, start: Start) -> Path:
        made = self._folder / start
        if made.exists():
            return made
        before = {"pool": "nothing", "task": "pool", "ran": "task"}.get(start)
        making = self._folder / f"making-{start}"
        if before is None:
            making.mkdir(parents=True)
        else:
            shutil.copytree(self._made(before), making)  # type: ignore[arg-type] # the values are starts
            with open_workbench(self._settings.model_copy(update={"workspace": making}), write=True) as bench:
                _STEPS[start](bench, self._sample)
        making.rename(made)
        return made


def _add(bench: Workbench, sample: Path) -> None:
    add_texts(bench, source=str(sample), name=POOL, text_column="text", id_column="id")


def _set(bench: Workbench, _: Path) -> None:
    spec = load_task_file(SAMPLE / "task.yaml")
    create_task(bench, spec.model_copy(update={"oracle": None}))


def _run(bench: Workbench, _: Path) -> None:
    plan = RunPlan(task="baby-care", oracle="replay:category", rounds=3, batch=20, gold=60, learner="head")
    run(bench, plan)


_STEPS: dict[Start, Callable[[Workbench, Path], None]] = {"pool": _add, "task": _set, "ran": _run}
"""What makes each start from the one before."""


def run_case(case: Case, model: "BaseChatModel", starts: Starts) -> Outcome:
    """Play one case in a workspace of its own."""
    began = time.perf_counter()
    with person(starts.copy(case.start, case.name), model, case) as one:
        stopped = ""
        for number, step in enumerate(case.steps, start=1):
            try:
                one.do(step)
            except (LaudError, TookTooLong) as error:
                stopped = f"step {number}: {error}"
                break
        messages = one.view.messages
        found = [stopped] if stopped else problems(one, case.expected)
        said, called = _counts(messages)
        return Outcome(
            case=case,
            problems=tuple(found),
            model_calls=said - one.continued,
            tool_calls=called - one.continued,
            seconds=time.perf_counter() - began,
        )


def _counts(messages: Sequence[Said]) -> tuple[int, int]:
    mine = [one for one in messages if one.role == "assistant"]
    return len(mine), sum(len(one.calls) for one in mine)


def table(outcomes: Sequence[Outcome], model: str) -> str:
    """The outcomes as Markdown."""
    done = sum(one.success for one in outcomes)
    mean = sum(one.efficiency for one in outcomes) / max(len(outcomes), 1)
    lines = [
        f"# The agent on {len(outcomes)} user stories, model: {model}",
        "",
        f"Success {done} of {len(outcomes)}; efficiency {mean:.2f} (wanted calls as a share of those made, 1 at best).",
        "",
        "| case | success | model calls (wanted) | tool calls (wanted) | seconds | what was wrong |",
        "|---|---|---:|---:|---:|---|",
    ]
    for one in outcomes:
        wrong = "; ".join(one.problems).replace("|", "/").replace("\n", " ")
        lines.append(
            f"| {one.case.name} | {'yes' if one.success else 'no'} | {one.model_calls} ({one.case.model_calls}) "
            f"| {one.tool_calls} ({one.case.tool_calls}) | {one.seconds:.1f} | {wrong[:300]} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Run the cases, print the table; exit code 1 when one fails."""
    parser = argparse.ArgumentParser(prog="python -m evals agent", description=__doc__)
    parser.add_argument("--model", choices=("interpreter", "endpoint"), default="interpreter", help="who answers")
    parser.add_argument("--case", action="append", help="only the case of this name; may be repeated")
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    given = parser.parse_args(list(arguments))
    settings = Settings()
    if given.model == "endpoint" and settings.llm_base_url is None:
        sys.stderr.write("Set LAUD_LLM_BASE_URL and LAUD_LLM_MODEL to evaluate an endpoint.\n")
        return 2
    if given.model == "interpreter":
        settings = settings.model_copy(update={"llm_base_url": None, "llm_model": None})
    cases = [case for case in load_cases() if not given.case or case.name in given.case]
    with tempfile.TemporaryDirectory(prefix="laud-evals-") as folder:
        starts = Starts(Path(folder), settings)
        outcomes = []
        for case in cases:
            outcomes.append(run_case(case, open_chat_model(settings), starts))
            sys.stderr.write(f"{case.name}: {'; '.join(outcomes[-1].problems) or 'as it should be'}\n")
    shown = table(outcomes, settings.llm_model or "interpreter")
    print(shown)
    if given.out is not None:
        given.out.write_text(shown + "\n", encoding="utf-8")
    return 0 if outcomes and all(one.success for one in outcomes) else 1
