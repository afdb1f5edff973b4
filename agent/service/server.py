"""Runs the service: the workspace opened for it alone, an address, and a clean end."""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from agent.page import LOOPBACK, reached
from agent.service import logs
from agent.service.app import create_app
from agent.service.auth import check_address
from agent.service.streams import Stream
from tools.engine.errors import CannotDo
from tools.settings import Settings
from tools.whereabouts import noted
from tools.workbench import open_workbench

SECONDS_TO_FINISH = 5
"""What requests under way get when the service stops."""


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve the workspace until SIGINT or SIGTERM; port 0 takes a free one.

    Raises WorkspaceBusy, and CannotDo where the address is taken, or others could reach it and there are no users.
    """
    logs.set_up()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    with ExitStack() as stack:
        bench = stack.enter_context(open_workbench(settings, write=True, attended=False))
        check_address(bench, host)
        listener = stack.enter_context(_listen(host, port))
        app = create_app(bench, local=host in LOOPBACK)
        url = reached(host, listener.getsockname()[1])

        def ready() -> None:
            stack.enter_context(noted(bench.folder, url))
            sys.stdout.write(f"LAUD serves {bench.folder} at {url}\n")
            sys.stdout.flush()

        Server(app, ready=ready).run(sockets=[listener])


class Server(uvicorn.Server):
    """The HTTP server of the app, which says when it is ready and ends the streams before it waits for them."""

    def __init__(self, app: FastAPI, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SECONDS_TO_FINISH,
            )
        )
        self._ready = ready
        self._stream: Stream = app.state.service.stream

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, and wait for what is under way."""
        self._stream.close()
        await super().shutdown(sockets)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the program in order; while the server runs it has handlers of its own, and raises the signal again after."""
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except (OSError, OverflowError) as error:
        raise CannotDo(
            f"{host}:{port} cannot be listened at ({getattr(error, 'strerror', None) or error}). Give another --port, "
            "or stop the program that is there."
        ) from error
