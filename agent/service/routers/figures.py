"""What figures of results are drawn from, aggregated here: no page needs the pool."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from agent.service import wire
from agent.service.auth import Viewer
from agent.service.problems import responses
from agent.service.routers.names import TaskName, TextName
from agent.service.running import ServiceDep
from tools.engine.binning import Box, Outline
from tools.engine.errors import AskAgain
from tools.engine.records import TextId

# ruff: noqa: PLC0415 - the tools bring the learning libraries

router = APIRouter(prefix="/tasks/{task}", tags=["figures"], responses=responses(401, 404, 409, 422, 503))


def _box(
    left: Annotated[float, Query(ge=0, le=1, description="Left edge of the part")] = 0.0,
    right: Annotated[float, Query(ge=0, le=1, description="Right edge")] = 1.0,
    bottom: Annotated[float, Query(ge=0, le=1, description="Lower edge")] = 0.0,
    top: Annotated[float, Query(ge=0, le=1, description="Upper edge")] = 1.0,
) -> Box:
    return Box(left=left, right=right, bottom=bottom, top=top)


Part = Annotated[Box, Depends(_box)]
Share = Annotated[float, Field(ge=0, le=1)]
"""A place along one side of the map."""


@router.get("/map", summary="The map of the pool")
def pool_map(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    part: Part,
    color: Annotated[
        Literal["prediction", "label", "uncertainty", "round"], Query(description="What texts are told apart by")
    ] = "prediction",
) -> wire.PoolMap:
    """Texts that mean the same lie near each other; many of them are put together, so that it draws at once.

    The map is laid out when it is first asked for, and the same while the pool grows.
    """
    from tools.pool_map import places, places_file, pool_map

    bench, known = service.bench, service.bench.tasks.get(task)
    key = str(places_file(bench, bench.pools.get(known.pool)))
    if service.aside.done(key, lambda: places(bench, known)) is None:
        return wire.PoolMap(ready=False, color=color)
    found = pool_map(bench, known, color=color, box=part)
    marks = found.marks
    return wire.PoolMap(
        ready=True,
        color=color,
        texts=found.texts,
        pool=found.pool,
        binned=found.binned,
        names=list(found.names),
        marks=wire.Marks(
            x=marks.x.astype(float).round(4).tolist(),
            y=marks.y.astype(float).round(4).tolist(),
            count=marks.count.tolist(),
            group=marks.group.tolist(),
            value=marks.value.astype(float).round(3).tolist(),
        ),
    )


@router.get("/map/texts", summary="Texts in a part of the map")
def map_texts(
    service: ServiceDep,
    _: Viewer,
    task: TaskName,
    part: Part,
    outline: Annotated[
        list[Share] | None,
        Query(
            min_length=6,
            max_length=400,
            description="In place of the edges: the corners of a line around the part, from the left and from below in "
            "turn",
            examples=[[0.2, 0.2, 0.6, 0.3, 0.4, 0.8]],
        ),
    ] = None,
    cls: Annotated[
        str | None, Query(max_length=200, description="Only what the model gives this class", examples=["baby care"])
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Texts to show")] = 50,
) -> wire.MapTexts:
    """Those without a label first, least sure first; texts of the gold sample are counted and not shown."""
    from tools.pool_map import texts_in

    known = service.bench.tasks.get(task)
    drawn = part if outline is None else _around(outline)
    found = texts_in(service.bench, known, part=drawn, called=cls, limit=limit)
    return wire.MapTexts.model_validate(found, from_attributes=True)


def _around(outline: list[float]) -> Outline:
    if len(outline) % 2:
        raise AskAgain(f"The outline has {len(outline)} numbers; each corner takes two. Send them in pairs.")
    return Outline(corners=tuple(zip(outline[::2], outline[1::2], strict=True)))


@router.get("/reliability", summary="Whether its probabilities mean what they say")
def reliability(service: ServiceDep, _: Viewer, task: TaskName) -> wire.Reliability:
    """How often what the latest model says holds, by how sure it is."""
    from tools.reliability import model_reliability

    found = model_reliability(service.bench, service.bench.tasks.get(task))
    return wire.Reliability.model_validate(found, from_attributes=True)


@router.get("/random", summary="What random labels would have brought")
def random(service: ServiceDep, _: Viewer, task: TaskName) -> wire.RandomLine:
    """Measured by a task that picks at random, or estimated once from the gold sample; it says which."""
    from tools.random_line import random_line

    known = service.bench.tasks.get(task)
    found = service.aside.done(f"random labels of {task}", lambda: random_line(service.bench, known))
    if found is None:
        return wire.RandomLine(ready=False)
    return wire.RandomLine.model_validate({"ready": True, **asdict(found)})


@router.get("/advice", summary="Whether to go on")
def advice(service: ServiceDep, _: Viewer, task: TaskName) -> wire.StopAdvice:
    """How the stopping rules stand, and what makes the numbers doubtful."""
    from tools.stop_advice import stop_advice

    found = stop_advice(service.bench, service.bench.tasks.get(task))
    return wire.StopAdvice.model_validate(found, from_attributes=True)


@router.get("/labels/{text}", summary="Where a label comes from")
def origin(service: ServiceDep, _: Viewer, task: TaskName, text: TextName) -> wire.Origin:
    """Why the text was picked, who said what of it and when, and which models learnt from it."""
    from tools.origin import origin as origin_of

    found = origin_of(service.bench, service.bench.tasks.get(task), TextId(text))
    return wire.Origin.model_validate(found, from_attributes=True)
