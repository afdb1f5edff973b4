"""What was written to be taken along."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from agent.service import wire
from agent.service.auth import Viewer
from agent.service.problems import responses
from agent.service.running import Service, ServiceDep
from agent.service.wire import NO_CONTROLS

router = APIRouter(prefix="/exports", tags=["exports"], responses=responses(401, 422))


@router.get("", summary="All files among the exports")
def exports(service: ServiceDep, _: Viewer) -> list[wire.Exported]:
    """Their paths, in order; files that are still being written are left out."""
    folder = _folder(service)
    files = [path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder))]
    return [
        wire.Exported(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size) for path in sorted(files)
    ]


@router.get(
    "/{path:path}",
    summary="A file among the exports",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **responses(404, 422),
    },
)
def fetch(
    service: ServiceDep,
    _: Viewer,
    path: Annotated[
        str,
        InPath(
            max_length=1_000,
            pattern=NO_CONTROLS,
            description="As GET /exports lists it",
            examples=["baby-care/labels.csv"],
        ),
    ],
) -> FileResponse:
    """Its content, to be kept as a file."""
    folder = _folder(service).resolve()
    try:
        found = (folder / path).resolve()
    except (OSError, ValueError):
        found = folder
    if not found.is_relative_to(folder) or _hidden(found.relative_to(folder)) or not _is_file(found):
        raise HTTPException(
            404, f"There is no file {path[:200]!r} among the exports. GET /exports lists those there are."
        )
    return FileResponse(found, filename=found.name, media_type="application/octet-stream")


def _folder(service: Service) -> Path:
    return service.places.exports


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False
