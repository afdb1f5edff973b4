"""Users of the service in SQL; of a token only its SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, select
from sqlalchemy.exc import IntegrityError

from tools.adapters.sql import schema
from tools.adapters.sql.transactions import reading, writing
from tools.engine.errors import AskAgain, UnknownName
from tools.engine.records import User, UserRole

_users = schema.users


class SqlUsers:
    """The `UserStore` over a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, name: str, role: UserRole) -> str:
        """A new user; returns the token, which is not kept. Raises AskAgain for a name that is taken."""
        # 256 random bits: too many to guess, so that a plain digest of them is safe to keep.
        token = f"laud_{secrets.token_urlsafe(32)}"
        row = {"name": name, "role": role, "token_digest": _digest(token), "created_at": self._clock()}
        try:
            with writing(self._engine) as connection:
                connection.execute(_users.insert().values(row))
        except IntegrityError as error:
            raise AskAgain(
                f"There is a user {name!r} already. Take another name, or remove that one first; a lost token cannot "
                "be shown again."
            ) from error
        return token

    def by_token(self, token: str) -> User | None:
        """Whose token this is; None for nobody's."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_users).where(_users.c.token_digest == _digest(token))).one_or_none()
        return None if row is None else _user(row)

    def remove(self, name: str) -> None:
        """Take the user away, and the token with it; raises UnknownName."""
        with writing(self._engine) as connection:
            removed = connection.execute(_users.delete().where(_users.c.name == name)).rowcount
        if removed == 0:
            names = ", ".join(repr(user.name) for user in self.list()) or "none"
            raise UnknownName(f"There is no user {name!r}. The users are: {names}.")

    def list(self) -> list[User]:
        """All users by name."""
        with reading(self._engine) as connection:
            return sorted(map(_user, connection.execute(select(_users))), key=lambda user: user.name)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _user(row: Row[Any]) -> User:
    return User(name=row.name, role=row.role, created_at=row.created_at)
