"""The program `laud`: its commands, and what it says when something goes wrong.

Exit code 0 when done, 2 when a person can mend it (one line on stderr), 1 for a fault of LAUD's own (one line, and the
details in a file).
"""

import errno
import os
import sys
import tempfile
import traceback
from types import TracebackType

import typer
from typer.main import get_command

from agent.cli import chat, desk, labels, llm, models, oracle, pools, reviews, runs, service, tasks, together
from tools.engine.errors import LaudError

app = typer.Typer(
    name="laud",
    help="From a pile of unlabeled text and one sentence to a fine-tuned classifier, with as few labels as possible.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(pools.app, name="pool")
app.add_typer(tasks.app, name="task")
app.add_typer(labels.app, name="label")
app.add_typer(desk.app, name="desk")
app.add_typer(oracle.app, name="oracle")
app.add_typer(together.app, name="together")
app.add_typer(together.guideline, name="guideline")
app.add_typer(llm.app, name="llm")
app.command()(chat.chat)
app.command()(runs.run)
app.command()(runs.status)
app.command()(runs.demo)
app.command()(reviews.estimate)
app.add_typer(reviews.app, name="review")
app.command()(models.evaluate)
app.command()(models.predict)
app.command()(models.export)
app.command()(service.serve)
app.command()(service.ui)
app.command()(service.up)
app.add_typer(service.users, name="user")

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    sys.excepthook = _report_fault
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        # Calling the app itself would put typer's hook for faults in the place of ours.
        code = get_command(app)(sys.argv[1:] or ["--help"], standalone_mode=False)
    except typer.BadParameter as error:
        code = _say(f"{error.format_message()} See `laud --help`.")
    except typer.TyperException as error:
        code = _say(f"{error} See `laud --help`.")
    except LaudError as error:
        code = _say(f"{error} Use --{error.argument.replace('_', '-')}." if error.argument else str(error))
    except (typer.Abort, KeyboardInterrupt):
        code = _say("Stopped. What was done is kept; the same command goes on from there.")
    except BrokenPipeError:
        # Whoever read the output has gone; nothing is left to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.errno not in FULL:
            raise
        code = _say(
            f"The disk is full ({error.filename or error.strerror}). Free some space and give the same command "
            "again; what was done is kept."
        )
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str) -> int:
    sys.stderr.write(f"laud: {message}\n")
    return 2


def _report_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Keep the details of a fault of our own in a file, and say so in one line."""
    with tempfile.NamedTemporaryFile("w", prefix="laud-fault-", suffix=".txt", delete=False, encoding="utf-8") as file:
        traceback.print_exception(kind, error, trace, file=file)
    sys.stderr.write(f"laud: a fault of LAUD's own, {kind.__name__}; what was done is kept. Details: {file.name}\n")
