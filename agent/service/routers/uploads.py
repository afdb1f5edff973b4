"""Files that people send to be read."""

from typing import Annotated

from fastapi import APIRouter, File, HTTPException, Path, UploadFile, status

from agent.service import wire
from agent.service.auth import Owner, Viewer
from agent.service.problems import responses
from agent.service.running import ServiceDep
from agent.service.uploads import store
from agent.service.wire import NO_CONTROLS

router = APIRouter(prefix="/uploads", tags=["uploads"], responses=responses(401, 422))


@router.post(
    "", summary="Send a file", status_code=status.HTTP_201_CREATED, responses=responses(400, 403, 413, 422, 503)
)
def upload(
    service: ServiceDep,
    _: Owner,
    file: Annotated[
        UploadFile, File(description="csv, tsv, json, jsonl, parquet, txt or xlsx, up to LAUD_MAX_UPLOAD bytes")
    ],
) -> wire.Upload:
    """Keep a file in the workspace. Nothing is read from it yet: add it to a pool, or name it in a conversation."""
    path = store(service.places.uploads, file.filename or "", file.file)
    return wire.Upload(file=path.name, bytes=path.stat().st_size)


@router.get("", summary="Files that were sent")
def uploads(service: ServiceDep, _: Viewer) -> list[wire.Upload]:
    """All of them, newest first."""
    places = service.places
    return [wire.Upload(file=name, bytes=(places.uploads / name).stat().st_size) for name in places.uploaded()]


@router.get("/{file}/preview", summary="The beginning of a file that was sent", responses=responses(404, 422, 503))
def preview(
    service: ServiceDep,
    _: Viewer,
    file: Annotated[str, Path(max_length=200, pattern=NO_CONTROLS, description="As it was kept", examples=["a.csv"])],
) -> wire.Preview:
    """Its columns, a few rows, and the column that seems to hold the texts. Reads nothing into a pool."""
    if file not in service.places.uploaded():
        raise HTTPException(404, f"There is no file {file[:200]!r} among the uploads. GET /uploads lists them.")
    found = service.bench.peek(service.places.uploads / file)
    return wire.Preview(
        columns=list(found.columns),
        rows=[list(row) for row in found.rows],
        rows_seen=found.rows_seen,
        more=found.more,
        text_column=found.text_column,
        notes=list(found.notes),
    )
