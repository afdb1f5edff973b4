"""Every error that LAUD raises on purpose.

    LaudError
    ├── AskAgain            the request can be mended and sent again
    │   ├── UnknownName       a pool, task, model, column, strategy or learner that does not exist
    │   ├── UnknownLabel      a label outside the task's classes
    │   ├── InvalidTask       a task that contradicts itself
    │   ├── InvalidRule       a stopping rule that cannot be read (`stopping.py`)
    │   ├── UnreadableInput   a file or endpoint answer that cannot be read as asked
    │   ├── EmptyPool         nothing to work on
    │   └── PoolExhausted     fewer texts left than were asked for
    └── CannotDo            tell the person: a mended request would fail too
        ├── OracleUnavailable the oracle cannot be reached or refuses
        ├── BudgetSpent       the next answer would cost more than is left
        ├── NotEnoughLabels   too few labels to learn or to judge from
        ├── WorkspaceBusy     another process is writing to this workspace
        ├── StorageFailed     the disk is full or the database cannot be written
        └── ComputeFailed     the compute lane died and a second try died too

A message says what happened, with the numbers, then what is possible now. It is shown to people as it is,
so it never carries a stack trace, a secret or an uncut pool text.
"""


class LaudError(Exception):
    """What LAUD could not do, in words for the person who asked.

    `argument` names the one that mends the request, where there is one, such as `text_column`: a command line shows it
    as the option it is there.
    """

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class AskAgain(LaudError):
    """The request can be mended: the message says how."""


class CannotDo(LaudError):
    """The request is fine but cannot be done now: the message says why and what would help."""


class UnknownName(AskAgain):
    """A pool, task, model, column, strategy or learner that does not exist; the message names those that do."""


class UnknownLabel(AskAgain):
    """One or more labels outside the task's classes; the message names them and the classes."""


class InvalidTask(AskAgain):
    """A task definition that contradicts itself."""


class UnreadableInput(AskAgain):
    """A file, data set or standard input that cannot be read as what it claims to be."""


class EmptyPool(AskAgain):
    """The pool holds no text."""


class PoolExhausted(AskAgain):
    """More texts were asked for than are left."""

    @classmethod
    def of(cls, *, available: int, requested: int) -> "PoolExhausted":
        """The error that carries both numbers."""
        return cls(
            f"{requested:,} texts were asked for and {available:,} are left unlabeled in the pool. "
            "Ask for fewer, or add texts to it."
        )


class OracleUnavailable(CannotDo):
    """The oracle cannot be reached, or refuses to answer."""


class BudgetSpent(CannotDo):
    """The next answer would cost more than the budget has left."""


class NotEnoughLabels(CannotDo):
    """Too few labels to train on or to judge by."""


class WorkspaceBusy(CannotDo):
    """Another process is writing to this workspace."""


class StorageFailed(CannotDo):
    """The disk is full, or the database or index cannot be written or read."""


class ComputeFailed(CannotDo):
    """The process that trains and encodes died, and died again on a second try."""
