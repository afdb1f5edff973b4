"""What stands in front of every request: who may come, and the note of who came."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from agent.page import LOOPBACK
from agent.service.metrics import Metrics
from agent.service.problems import problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger(__name__)


class OnlyThisMachine:
    """Keeps web pages of others away from a service that asks for no token.

    A browser on this machine would send their requests here: refused are another host's name in `Host` (DNS rebinding)
    and another site's in `Origin` (cross-site requests).
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            host = _host(f"//{headers.get(b'host', '')}")
            origin = headers.get(b"origin")
            if host not in LOOPBACK or (origin is not None and _host(origin) not in LOOPBACK):
                detail = "This service answers requests of this machine only. Ask it at http://127.0.0.1 with its port."
                await problem(HTTPStatus.FORBIDDEN, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


class OnlyProblems:
    """Makes a problem of an error in plain text, which the libraries under the app give of a body that is too large."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        replaced = False

        async def telling(message: MutableMapping[str, Any]) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                kind = dict(message["headers"]).get(b"content-type", b"")
                replaced = kind.startswith(b"text/plain")
                if replaced:
                    await problem(message["status"], HTTPStatus(message["status"]).description)(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive, telling)


class Watched:
    """Counts and logs each request: its route, never its path or query, which may hold words of the person."""

    def __init__(self, app: App, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        stream = False

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status, stream
            if message["type"] == "http.response.start":
                status = message["status"]
                stream = any(name == b"content-type" and b"event-stream" in value for name, value in message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.count_request(scope["method"], route, status, None if stream else seconds)
            noted = {"method": scope["method"], "route": route, "status": status, "seconds": round(seconds, 4)}
            _log.info("request", extra=noted)
