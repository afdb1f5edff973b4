"""The FastAPI application over an open workspace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from langchain_core.language_models import BaseChatModel

from agent.model import open_chat_model
from agent.service import problems, wire
from agent.service.routers import (
    conversations,
    desk,
    events,
    exports,
    figures,
    health,
    jobs,
    labels,
    llm,
    models,
    oracle,
    pools,
    rounds,
    tasks,
    together,
    uploads,
    users,
)
from agent.service.running import Service
from agent.service.watch import OnlyProblems, OnlyThisMachine, Watched
from tools.workbench import Workbench

LARGEST_REQUEST = 4 << 20
"""Bytes of a request that is no upload."""
NOUNS = (conversations, desk, events, exports, figures, health, jobs, labels, llm, models, oracle, pools, rounds,
         tasks, together, users)  # fmt: skip
"""A router each, in the order of the description."""
HEARTBEAT = 10.0
"""Seconds of silence after which a stream of events shows that it is alive."""
DESCRIPTION = """From a pile of unlabeled text and one sentence to a classifier of your own.

Everything a conversation with the agent can do can be done here too, with the same tools. Heavy work is answered with
a job; follow it at `/jobs/{job}` or in `/events/stream`. Errors are problem JSON: `detail` says what happened and what
to do next."""


def create_app(
    bench: Workbench,
    *,
    model: BaseChatModel | None = None,
    local: bool = True,
    heartbeat: float = HEARTBEAT,
) -> FastAPI:
    """The application.

    Args:
        bench: a workbench that is open for writing.
        model: who answers in conversations; that of the settings by default.
        local: whether only this machine can reach the service.
        heartbeat: seconds of silence after which a stream shows that it is alive.
    """
    service = Service(bench, model or open_chat_model(bench.settings), local=local, heartbeat=heartbeat)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.stream.open()
        await asyncio.to_thread(service.start)
        try:
            yield
        finally:
            service.stream.close()
            await asyncio.to_thread(service.close)
            await service.stream.join()

    app = FastAPI(
        title="LAUD",
        version=version("laud"),
        description=DESCRIPTION,
        lifespan=lifespan,
        # The pages for reading the description load scripts from elsewhere; nothing here leaves this machine.
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        generate_unique_id_function=lambda route: f"{route.tags[0]}_{route.name}",
    )
    app.state.service = service
    problems.install(app)
    for noun in NOUNS:
        app.include_router(noun.router, max_body_size=LARGEST_REQUEST)
    app.include_router(uploads.router, max_body_size=bench.settings.max_upload)
    if local:
        app.add_middleware(OnlyThisMachine)
    app.add_middleware(OnlyProblems)
    app.add_middleware(Watched, metrics=service.metrics)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Put the form of a problem, which no route names as its answer, into the description."""
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            components = schema["components"]["schemas"]
            components["Problem"] = wire.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            components.update(components["Problem"].pop("$defs"))
            for unused in ("HTTPValidationError", "ValidationError"):
                components.pop(unused, None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign] # the documented way to change the description
