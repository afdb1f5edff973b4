"""Users and their tokens."""

from fastapi import APIRouter, status

from agent.service import wire
from agent.service.auth import Owner, Viewer, add_user, remove_user
from agent.service.problems import responses
from agent.service.routers.names import UserName
from agent.service.running import ServiceDep

router = APIRouter(tags=["users"], responses=responses(401, 403, 422))


@router.get("/me", summary="Who I am")
def me(user: Viewer) -> wire.User:
    """The user whose token was sent; the one local user where none is needed."""
    return wire.User.model_validate(user)


@router.get("/users", summary="All users")
def users(service: ServiceDep, _: Owner) -> list[wire.User]:
    """Everybody who has a token, by name."""
    return [wire.User.model_validate(user) for user in service.bench.users.list()]


@router.post("/users", summary="Add a user", status_code=status.HTTP_201_CREATED)
def add(service: ServiceDep, _: Owner, user: wire.NewUser) -> wire.Token:
    """Make a token for somebody; the first user must be an owner, and from then on every request needs a token."""
    return wire.Token(name=user.name, role=user.role, token=add_user(service.bench, user.name, user.role))


@router.delete(
    "/users/{user}", summary="Remove a user", status_code=status.HTTP_204_NO_CONTENT, responses=responses(404, 422)
)
def remove(service: ServiceDep, _: Owner, user: UserName) -> None:
    """Take a token back. The last owner can go only after everybody else."""
    remove_user(service.bench, user)
