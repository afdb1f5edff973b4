"""What conversations and the service keep, as protocols beside those of `ports.py`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from tools.engine.records import (
    Conversation,
    Event,
    Job,
    JobStatus,
    Turn,
    TurnKind,
    TurnStatus,
    User,
    UserRole,
)


class EventStore(Protocol):
    """Everything that happens, in one order that every reader sees."""

    def append(
        self, kind: str, data: Mapping[str, Any], *, conversation: str | None = None, job: str | None = None
    ) -> Event:
        """Commit an event and wake who waits; returns it with its offset, the highest so far."""
        ...

    def read(
        self, *kinds: str, after: int = 0, conversation: str | None = None, limit: int | None = 500
    ) -> list[Event]:
        """The first `limit` events past the offset `after`, oldest first; None for all of them.

        Of these kinds only, and of one conversation, where they are named.
        """
        ...

    def last(self) -> int:
        """The highest offset so far; 0 before the first event."""
        ...

    def forget(self, *kinds: str, before: datetime) -> int:
        """Delete events of these kinds that happened before then; returns how many. Offsets are never used again."""
        ...

    def wait(self, after: int, *, timeout: float) -> bool:
        """Wait until there is an event past `after`, `timeout` seconds at most; whether there is one.

        Only events that were appended through this object end the waiting early.
        """
        ...


class ConversationStore(Protocol):
    """Conversations, their turns, and what the tools answered in them."""

    def create(self, title: str, owner: str) -> Conversation:
        """A new conversation."""
        ...

    def get(self, conversation: str) -> Conversation:
        """The conversation of that id; raises UnknownName."""
        ...

    def rename(self, conversation: str, title: str) -> Conversation:
        """Give it another title; raises UnknownName."""
        ...

    def archive(self, conversation: str, *, archived: bool = True) -> Conversation:
        """Put it away, or take it out again; raises UnknownName."""
        ...

    def add_turn(
        self, conversation: str, kind: TurnKind, payload: Mapping[str, Any], *, key: str | None = None
    ) -> Turn:
        """Queue a turn behind the others; raises UnknownName.

        `key` becomes part of its payload. Where a turn of this conversation has it already, that one as it stands.
        """
        ...

    def next_turn(self, conversation: str) -> Turn | None:
        """The oldest turn that is neither done nor failed; None when there is none."""
        ...

    def set_turn(self, turn: int, status: TurnStatus) -> None:
        """Store how far a turn has come."""
        ...

    def open_turns(self) -> list[Turn]:
        """All turns that are neither done nor failed, oldest first; after a kill some say `running`."""
        ...

    def tool_result(self, call: str) -> dict[str, Any] | None:
        """What the tool call of that id answered; None when it was not finished."""
        ...

    def save_tool_result(self, call: str, result: Mapping[str, Any]) -> None:
        """Keep the answer of a tool call; the first one holds."""
        ...

    def list(self, owner: str | None = None, *, archived: bool = False) -> list[Conversation]:
        """Conversations, newest first: of one owner or of all, those put away or those that are not."""
        ...


class JobStore(Protocol):
    """Heavy work, queued and done."""

    def add(self, job: str, kind: str, args: Mapping[str, Any], conversation: str | None = None) -> Job:
        """Queue a job; the one of that id as it stands when there is one already."""
        ...

    def get(self, job: str) -> Job:
        """The job of that id; raises UnknownName."""
        ...

    def set(
        self, job: str, *, status: JobStatus, receipt: Mapping[str, Any] | None = None, error: str | None = None
    ) -> Job:
        """Store what became of a job, and when it began or ended; raises UnknownName."""
        ...

    def reported(self, job: str) -> None:
        """Note that whoever waits for the job knows how it ended."""
        ...

    def unreported(self) -> list[Job]:
        """Jobs that ended and were not reported, in the order in which they were queued."""
        ...

    def list(self, *statuses: JobStatus) -> list[Job]:
        """Jobs in the order in which they were queued, of these statuses as they are at one moment, or all."""
        ...


class UserStore(Protocol):
    """Who may use the service."""

    def add(self, name: str, role: UserRole) -> str:
        """A new user; returns the token, which is not kept. Raises AskAgain for a name that is taken."""
        ...

    def by_token(self, token: str) -> User | None:
        """Whose token this is; None for nobody's."""
        ...

    def remove(self, name: str) -> None:
        """Take the user away, and the token with it; raises UnknownName."""
        ...

    def list(self) -> list[User]:
        """All users by name."""
        ...
