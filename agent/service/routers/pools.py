"""Pools: piles of texts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, status

from agent.arguments import AddTexts, ProposeTask
from agent.service import wire
from agent.service.acting import Key, done, named, queued
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.routers.names import PoolName
from agent.service.running import ServiceDep
from agent.service.wire.forms import shown
from agent.service.wire.looks import POOL_SHOWN

router = APIRouter(prefix="/pools", tags=["pools"], responses=responses(401, 422))
FAILS = responses(403, 404, 409, 422, 503)


@router.get("", summary="All pools")
def pools(service: ServiceDep, _: Viewer) -> list[wire.Pool]:
    """Every pool, by name."""
    return [wire.Pool.model_validate(service.bench.pools.get(name)) for name in service.bench.pools.names()]


@router.get("/{pool}", summary="Look at a pool", responses={**shown(POOL_SHOWN), **FAILS})
def inspect(
    service: ServiceDep,
    _: Viewer,
    pool: PoolName,
    show: Annotated[Literal["overview", "themes", "texts", "similar"], Query(description="What to show")] = "overview",
    query: Annotated[
        str | None, Query(max_length=2_000, description="Find texts near this in meaning", examples=["nappy sacks"])
    ] = None,
    words: Annotated[
        list[str] | None, Query(max_length=20, description="Only texts that hold each of these", examples=[["baby"]])
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Texts or themes to show")] = 10,
) -> wire.Receipt:
    """Its size, languages and duplicates, its themes, sample texts, or the texts like some words."""
    given = {"pool": pool, "show": show, "query": query, "words": words, "limit": limit}
    asked = {name: value for name, value in given.items() if value is not None}
    return done(service, "inspect_pool", asked)


@router.post("/{pool}/texts", summary="Add texts", status_code=status.HTTP_202_ACCEPTED, responses=FAILS)
def add_texts(service: ServiceDep, _: Owner, pool: PoolName, body: AddTexts, key: Key = None) -> wire.Job:
    """Read a file into the pool, which is made where there is none, and embed its texts; a job."""
    return queued(service, "add_texts", named(body, pool=pool), key=key)


@router.post("/{pool}/proposals", summary="Propose a task", responses=FAILS)
def propose(service: ServiceDep, _: Owner, pool: PoolName, body: ProposeTask) -> wire.Proposal:
    """Draft a task from a wish: classes, definitions, shares to expect, and texts to ask about. Changes nothing."""
    return wire.Proposal.model_validate(done(service, "propose_task", named(body, pool=pool)))
