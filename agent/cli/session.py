"""What every command shares: the workspace option, JSON on stdout, progress on stderr, an open workbench."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from tools.settings import Settings
    from tools.workbench import Workbench

WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", help="Folder of everything LAUD keeps [default: ./.laud]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout")]
SECONDS_BETWEEN_LINES = 5.0
"""Where stderr is no terminal, one line of progress in this time."""


@contextmanager
def workbench(workspace: Path | None, *, write: bool) -> Iterator["Workbench"]:
    """A workbench with its progress shown on stderr."""
    from tools.workbench import open_workbench  # noqa: PLC0415 - `laud --help` loads nothing heavy

    settings = read_settings(workspace)
    display = Display()
    try:
        with open_workbench(settings, write=write, progress=display) as bench:
            yield bench
    finally:
        display.close()


def read_settings(workspace: Path | None) -> "Settings":
    """The settings of the environment, for that workspace; raises AskAgain that names a wrong one."""
    from pydantic import ValidationError  # noqa: PLC0415 - `laud --help` loads nothing heavy

    from tools.engine.errors import AskAgain  # noqa: PLC0415 - as above
    from tools.settings import Settings  # noqa: PLC0415 - as above

    try:
        return Settings() if workspace is None else Settings(workspace=workspace)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise AskAgain(f"The setting LAUD_{str(wrong['loc'][0]).upper()} is wrong: {wrong['msg']}.") from error


class Display:
    """Progress on stderr: bars with rate and time left on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._said = -SECONDS_BETWEEN_LINES

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show that `done` of `total` items of `stage` are finished."""
        if sys.stderr.isatty():
            self._bar(stage, done, total)
        else:
            self._line(stage, done, total)

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _bar(self, stage: str, done: int, total: int | None) -> None:
        from rich.console import Console  # noqa: PLC0415 - only where bars are drawn
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        if self._bars is None:
            rate = TextColumn("{task.fields[rate]}")
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                rate,
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bars.start()
        if stage not in self._tasks:
            for other in self._tasks.values():
                self._bars.update(other, visible=False)
            self._tasks[stage] = self._bars.add_task(stage, total=total, rate="")
        self._bars.update(self._tasks[stage], completed=done, total=total, rate=self._rate(stage, done), visible=True)

    def _line(self, stage: str, done: int, total: int | None) -> None:
        rate = self._rate(stage, done)
        finished = total is not None and done >= total
        if monotonic() - self._said < SECONDS_BETWEEN_LINES and not finished:
            return
        self._said = monotonic()
        of = "" if total is None else f" of {total:,}"
        left = self._left(stage, done, total)
        sys.stderr.write(f"{stage}: {done:,}{of}{', ' + rate if rate else ''}{left}\n")
        sys.stderr.flush()

    def _rate(self, stage: str, done: int) -> str:
        began, first = self._began.setdefault(stage, (monotonic(), done))
        passed = monotonic() - began
        return f"{(done - first) / passed:,.0f}/s" if passed > 0.5 and done > first else ""

    def _left(self, stage: str, done: int, total: int | None) -> str:
        began, first = self._began[stage]
        passed = monotonic() - began
        if total is None or done <= first or done >= total or passed <= 0.5:
            return ""
        return f", {(total - done) * passed / (done - first):,.0f} s left"


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")


def say(line: str = "") -> None:
    """A line for the person, on stdout. Control characters of pool texts must be gone by then."""
    sys.stdout.write(line + "\n")


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
