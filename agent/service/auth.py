"""Who is asking, and what they may do.

On loopback without users everyone is the one local user, who owns all. As soon as there are users, a token is needed.
"""

import hmac
from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from agent.page import LOOPBACK
from agent.service.running import Service, ServiceDep
from agent.service.wire import LOGGED_IN
from tools.engine.errors import AskAgain, CannotDo
from tools.engine.records import User, UserRole
from tools.workbench import Workbench

RANKS: dict[UserRole, int] = {"viewer": 0, "annotator": 1, "owner": 2}
"""A viewer reads, an annotator also labels, an owner does everything."""
LOCAL = "local"
"""The name of the one user of a service without users."""
_bearer = HTTPBearer(
    auto_error=False, description="A token of `laud user add`; none is needed on loopback without users"
)


def check_address(bench: Workbench, host: str) -> None:
    """Raise CannotDo where others could reach a service that knows no users."""
    if host not in LOOPBACK and not bench.users.list():
        raise CannotDo(
            f"On {host} others can reach the service, and there are no users yet, so nobody could be told apart. "
            "Add one with `laud user add NAME --role owner`, or leave out --host to serve this machine only."
        )


def add_user(bench: Workbench, name: str, role: UserRole) -> str:
    """Add a user; returns the token. Raises AskAgain for a taken name, or a first user who could not add others."""
    if role != "owner" and not bench.users.list():
        raise AskAgain(f"The first user must be an owner: from then on a token is needed, and {role}s add nobody.")
    return bench.users.add(name, role)


def remove_user(bench: Workbench, name: str) -> None:
    """Remove a user; raises UnknownName, CannotDo for the last owner while there are others."""
    users = bench.users.list()
    owners = [user.name for user in users if user.role == "owner"]
    if owners == [name] and len(users) > 1:
        raise CannotDo(f"{name!r} is the last owner. Add another owner first, or remove the {len(users) - 1} others.")
    bench.users.remove(name)


def person(
    request: Request, service: ServiceDep, token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> User:
    """Who asks; raises 401 without a token that is known, 403 for somebody who logged in at the page and is no user."""
    # Read by hand: declared as a parameter, it would let the description say that any request may be invalid (422).
    logged_in = request.headers.get(LOGGED_IN)
    if token is not None:
        if logged_in is not None and _is_the_page(service, token.credentials):
            return _named(service, unquote(logged_in))
        user = service.bench.users.by_token(token.credentials)
        if user is not None:
            return user
    elif service.local and not service.bench.users.list():
        return User(name=LOCAL, role="owner", created_at=service.started_at)
    raise HTTPException(
        401,
        "A known token is needed: send it as `Authorization: Bearer TOKEN`. `laud user add` makes one.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def person_of(user: User) -> str | None:
    """The name that stands on what a user says; None for the one user of a service without users."""
    return None if user.name == LOCAL else user.name


def _is_the_page(service: Service, token: str) -> bool:
    """Whether the web page asks, which may say for whom."""
    secret = service.bench.settings.page_token
    return secret is not None and hmac.compare_digest(secret.get_secret_value().encode(), token.encode())


def _named(service: Service, name: str) -> User:
    user = next((one for one in service.bench.users.list() if one.name == name), None)
    if user is None:
        raise HTTPException(
            403,
            f"You are logged in as {name[:200]!r}, who is no user here. An owner adds you: laud user add {name[:200]}",
        )
    return user


def _at_least(role: UserRole) -> Callable[[User], User]:
    def allowed(user: Annotated[User, Depends(person)]) -> User:
        if RANKS[user.role] < RANKS[role]:
            raise HTTPException(403, f"{user.name!r} is {user.role}; this needs the role {role}.")
        return user

    return allowed


Viewer = Annotated[User, Depends(person)]
Annotator = Annotated[User, Depends(_at_least("annotator"))]
Owner = Annotated[User, Depends(_at_least("owner"))]
