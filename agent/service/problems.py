"""Errors as problem JSON (RFC 9457): what happened and what to do next, in the words of the error."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.service.wire import Mistake, Problem
from tools.engine.errors import AskAgain, ComputeFailed, LaudError, StorageFailed, UnknownName

MEDIA_TYPE = "application/problem+json"
MISTAKES_SHOWN = 20


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses as OpenAPI describes them."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def status_of(error: LaudError) -> int:
    """The status of an error: 4xx where the request can be mended or comes at a wrong time, 503 where storage fails."""
    match error:
        case UnknownName():
            return HTTPStatus.NOT_FOUND
        case AskAgain():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case StorageFailed() | ComputeFailed():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.CONFLICT


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""

    @app.exception_handler(LaudError)
    async def _laud(_: Request, error: LaudError) -> JSONResponse:
        return problem(status_of(error), str(error), kind=type(error).__name__, card=getattr(error, "card", None))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        # What was sent is not sent back: it may be a key, or a text.
        mistakes = [
            Mistake(at=".".join(map(str, one["loc"])), message=one["msg"].removeprefix("Value error, "))
            for one in error.errors()[:MISTAKES_SHOWN]
        ]
        detail = "; ".join(f"{one.at}: {one.message}" for one in mistakes[:3])
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, kind="AskAgain", mistakes=mistakes)

    @app.exception_handler(Exception)
    async def _fault(_: Request, error: Exception) -> JSONResponse:
        detail = f"A fault of LAUD's own, {type(error).__name__}. What was done is kept; the log has the place."
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def problem(  # noqa: PLR0913 - the fields of a problem
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    mistakes: Sequence[Mistake] = (),
    card: Any = None,
    headers: Any = None,
) -> JSONResponse:
    """An error as the client gets it."""
    title = HTTPStatus(status).phrase
    found = Problem(title=title, status=status, detail=detail, kind=kind, mistakes=list(mistakes), card=card)
    return JSONResponse(found.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=headers)
