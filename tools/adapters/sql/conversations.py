"""Conversations in SQL, with their turns and what the tools answered in them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, Select, select
from sqlalchemy.exc import IntegrityError

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, writing
from tools.engine.errors import UnknownName
from tools.engine.records import Conversation, Turn, TurnKind, TurnStatus

_OPEN = ("queued", "running")
_conversations, _turns, _results = schema.conversations, schema.turns, schema.tool_results


class SqlConversations:
    """The `ConversationStore` over a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, title: str, owner: str) -> Conversation:
        """A new conversation."""
        made = Conversation(id=uuid4().hex, title=title, owner=owner, created_at=self._clock())
        row = {"id": made.id, "title": title, "owner": owner, "created_at": made.created_at, "archived": False}
        with writing(self._engine) as connection:
            connection.execute(_conversations.insert().values(row))
        return made

    def get(self, conversation: str) -> Conversation:
        """The conversation of that id; raises UnknownName."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_conversations).where(_conversations.c.id == conversation)).one_or_none()
        if row is None:
            raise _unknown(conversation)
        return _conversation(row)

    def rename(self, conversation: str, title: str) -> Conversation:
        """Give it another title; raises UnknownName."""
        return self._change(conversation, title=title)

    def archive(self, conversation: str, *, archived: bool = True) -> Conversation:
        """Put it away, or take it out again; raises UnknownName."""
        return self._change(conversation, archived=archived)

    def add_turn(
        self, conversation: str, kind: TurnKind, payload: Mapping[str, Any], *, key: str | None = None
    ) -> Turn:
        """Queue a turn behind the others; raises UnknownName.

        `key` becomes part of its payload. Where a turn of this conversation has it already, that one as it stands.
        """
        given = dict(payload) if key is None else {**payload, "key": key}
        row = {"conversation": conversation, "kind": kind, "payload": given, "status": "queued"}
        with writing(self._engine) as connection:
            # Locked, so that of two requests with the same key the second one sees the turn of the first.
            known = select(_conversations.c.row).where(_conversations.c.id == conversation).with_for_update()
            if connection.execute(known).one_or_none() is None:
                raise _unknown(conversation)
            if key is not None:
                # Compared here: PostgreSQL takes no key out of a payload in which a NUL character stands.
                turns = connection.execute(select(_turns).where(_turns.c.conversation == conversation))
                for before in turns:
                    if before.payload.get("key") == key:
                        return _turn(before)
            insert = _turns.insert().values(row | {"at": self._clock()}).returning(_turns)
            return _turn(connection.execute(insert).one())

    def next_turn(self, conversation: str) -> Turn | None:
        """The oldest turn that is neither done nor failed; None when there is none."""
        with reading(self._engine) as connection:
            query = _open_turns().where(_turns.c.conversation == conversation).limit(1)
            row = connection.execute(query).one_or_none()
        return None if row is None else _turn(row)

    def set_turn(self, turn: int, status: TurnStatus) -> None:
        """Store how far a turn has come."""
        with writing(self._engine, lasting=False) as connection:
            connection.execute(_turns.update().where(_turns.c.id == turn).values(status=status))

    def open_turns(self) -> list[Turn]:
        """All turns that are neither done nor failed, oldest first; after a kill some say `running`."""
        with reading(self._engine) as connection:
            return [_turn(row) for row in connection.execute(_open_turns())]

    def tool_result(self, call: str) -> dict[str, Any] | None:
        """What the tool call of that id answered; None when it was not finished."""
        with reading(self._engine) as connection:
            found: dict[str, Any] | None = connection.execute(
                select(_results.c.result).where(_results.c.call == call)
            ).scalar_one_or_none()
        return found

    def save_tool_result(self, call: str, result: Mapping[str, Any]) -> None:
        """Keep the answer of a tool call; the first one holds."""
        with suppress(IntegrityError), writing(self._engine, lasting=False) as connection:
            connection.execute(_results.insert().values(call=call, result=dict(result)))

    def list(self, owner: str | None = None, *, archived: bool = False) -> list[Conversation]:
        """Conversations, newest first: of one owner or of all, those put away or those that are not."""
        query = select(_conversations).where(_conversations.c.archived == archived)
        if owner is not None:
            query = query.where(_conversations.c.owner == owner)
        with reading(self._engine) as connection:
            return [_conversation(row) for row in connection.execute(query.order_by(_conversations.c.row.desc()))]

    def _change(self, conversation: str, **values: Any) -> Conversation:
        with writing(self._engine) as connection:
            connection.execute(_conversations.update().where(_conversations.c.id == conversation).values(values))
        return self.get(conversation)


def _open_turns() -> Select[Any]:
    return select(_turns).where(_turns.c.status.in_(_OPEN)).order_by(_turns.c.id)


def _unknown(conversation: str) -> UnknownName:
    return UnknownName(f"There is no conversation {conversation!r}. Begin a new one, or take one from the list.")


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(id=row.id, title=row.title, owner=row.owner, created_at=row.created_at, archived=row.archived)


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        id=row.id, conversation=row.conversation, kind=row.kind, payload=row.payload, status=row.status, at=row.at
    )
