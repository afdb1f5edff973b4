"""Stands between the page and the service, and can lose an answer on its way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


class LosingProxy(ThreadingHTTPServer):
    """Passes requests on; `loses` names the end of an address whose next answer does not come back."""

    def __init__(self, service: httpx.Client) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.service = service
        self.loses: str | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Passing(BaseHTTPRequestHandler):
    server: LosingProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "content-length"}}
        answer = self.server.service.request(self.command, self.path, content=body, headers=kept)
        if self.server.loses is not None and self.command == "POST" and self.path.endswith(self.server.loses):
            self.server.loses = None
            return  # the connection is closed without a word
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["content-type"])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _pass  # noqa: N815 - the names that the library looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def losing(service: httpx.Client) -> Iterator[LosingProxy]:
    """A proxy before that service."""
    with LosingProxy(service) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
