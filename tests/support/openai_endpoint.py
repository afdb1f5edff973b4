"""A real OpenAI-compatible HTTP server on loopback, with switches for what endpoints do wrong.

It answers chat completions about labels and records every request. Faults are data: what comes back is decided before
the request is made, never by patching the client.
"""

import contextlib
import json
import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

KEY = "sk-test-7f3a9c"
MODEL = "test-model"
LABEL_PROBABILITY = 0.81
"""What the log-probabilities of every label multiply to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One request's trouble.

    With `status`, an error of that status; `cut` ends the connection in the middle of the body; `body` is sent as it
    is in place of a completion; `content` replaces the model's reply; `hold` keeps the request open until the endpoint
    closes or is released; `drip` sends the body byte by byte, for longer than anyone waits.
    """

    status: int | None = None
    code: str | None = None
    param: str | None = None
    message: str = "an error of the test endpoint"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    body: bytes | None = None
    content_type: str = "application/json"
    content: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    hold: bool = False
    drip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came; `at` is monotonic seconds."""

    at: float
    path: str
    key: str
    body: Mapping[str, Any]
    raw: bytes

    @property
    def items(self) -> dict[str, str]:
        """The texts it asks about, by id; one that came alone has none."""
        content = json.loads(self.body["messages"][-1]["content"])
        return {one["id"]: one["text"] for one in content["texts"]} if "texts" in content else {"": content["text"]}

    @property
    def text(self) -> str:
        """The first text it asks about."""
        return next(iter(self.items.values()))


class OpenAIEndpoint:
    """The server. `label` is the model: it takes the text and gives the label.

    `faults` are used up by requests in order (None = no fault), `faults_of` go to every request about that text.
    """

    def __init__(
        self,
        label: Callable[[str], str],
        *,
        faults: Iterable[Fault | None] = (),
        faults_of: Mapping[str, Fault] | None = None,
        structured: bool = True,
        logprobs: bool = True,
        usage: bool = True,
        confidence: float | None = 0.6,
        refused: Mapping[str, str] | None = None,
        release_at: int | None = None,
    ) -> None:
        self.label = label
        self.faults = deque(faults)
        self.faults_of = faults_of or {}
        self.structured = structured
        self.logprobs = logprobs
        self.usage = usage
        self.confidence = confidence
        self.refused = dict(refused or {})
        """Parameters that are answered with 400 and this message."""
        self.release_at = release_at
        """Held requests go on as soon as this many are open."""
        self.requests: list[Request] = []
        self.open_at_once = 0
        """The most requests that were open at the same time."""
        self.released = threading.Event()
        self.content_type = "application/json"
        """Of what `completion` gives."""
        self.pace = 0.0
        """Seconds between two lines of a completion; 0 sends it at once."""
        self._open = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """Stop listening and drop every open connection, as a process that dies does."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        for connection in list(self._server.connections):
            with contextlib.suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)
        self.released.set()
        self._server.server_close()

    def texts(self) -> list[str]:
        """The texts asked about, in the order of arrival."""
        return [text for request in self.requests for text in request.items.values()]

    # --- used by the handler ------------------------------------------------------------------------------------

    def received(self, request: Request) -> Fault | None:
        """Record the request and decide what goes wrong with it."""
        with self._lock:
            self.requests.append(request)
            self._open += 1
            self.open_at_once = max(self.open_at_once, self._open)
            if self._open == self.release_at:
                self.released.set()
            fault = self.faults.popleft() if self.faults else None
        if request.key != KEY:
            return Fault(status=401, code="invalid_api_key", message=f"Incorrect API key provided: {request.key}")
        if request.body["model"] != MODEL and not request.body["model"].startswith("gpt-"):
            return Fault(status=404, code="model_not_found", message="The model does not exist")
        refused = self.refused if self.structured else {"response_format": "not supported here", **self.refused}
        for name, message in refused.items():
            if name in request.body:
                return Fault(status=400, param=name, message=message)
        if not self.faults_of:
            return fault  # what is asked is no texts to label, perhaps
        return next((self.faults_of[text] for text in request.items.values() if text in self.faults_of), fault)

    def other(self, method: str, path: str, content_type: str, raw: bytes) -> tuple[int, bytes] | None:  # noqa: ARG002 - for endpoints that know more
        """The status and body for what is no chat completion; None ends the connection."""
        return 404, b'{"error": {"message": "no such thing here"}}'

    def answered(self) -> None:
        """Count the request as closed."""
        with self._lock:
            self._open -= 1

    def completion(self, request: Request, fault: Fault | None) -> bytes:
        """The body of a chat completion."""
        labels = {key: self.label(text) for key, text in request.items.items()}
        stated = {} if self.confidence is None else {"confidence": self.confidence}
        said: dict[str, Any] = {"label": labels.get(""), **stated}
        if "" not in labels:
            said = {"answers": [{"id": key, "label": label, **stated} for key, label in labels.items()]}
        content = json.dumps(said, ensure_ascii=False)
        if fault is not None and fault.content is not None:
            content = fault.content
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": fault.refusal if fault else None},
            "finish_reason": fault.finish_reason if fault else "stop",
        }
        if self.logprobs and request.body.get("logprobs"):
            choice["logprobs"] = {"content": _tokens(content, list(labels.values())), "refusal": None}
        reply: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": request.body["model"],
            "choices": [choice],
        }
        if self.usage:
            prompt, written = len(request.raw) // 5, len(content.encode()) // 4 + 1
            reply["usage"] = {
                "prompt_tokens": prompt,
                "completion_tokens": written,
                "total_tokens": prompt + written,
            }
        return json.dumps(reply).encode()


def _tokens(content: str, labels: Iterable[str]) -> list[dict[str, Any]]:
    """Tokens that cross character and label borders, as real ones do; those of each label make LABEL_PROBABILITY."""
    raw = content.encode()
    half = math.log(LABEL_PROBABILITY) / 2
    pieces: list[tuple[bytes, float]] = []
    place = 0
    for label in labels:
        first = raw.find(label.encode(), place)
        if first < 0:
            continue
        end = first + len(label.encode())
        middle = (first + end) // 2
        pieces += [(raw[place : first - 1], -0.7), (raw[first - 1 : middle], half), (raw[middle : end + 1], half)]
        place = end + 1
    pieces.append((raw[place:], -0.7))
    return [_token(piece, logprob) for piece, logprob in pieces if piece]


def _token(piece: bytes, logprob: float) -> dict[str, Any]:
    return {
        "token": piece.decode(errors="backslashreplace"),
        "bytes": list(piece),
        "logprob": logprob,
        "top_logprobs": [],
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for the threads, and no test leaves one behind
    request_queue_size = 64
    endpoint: OpenAIEndpoint

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection before its thread starts, so that `kill` misses none."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of these tests hang up on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answer a chat completion."""
        endpoint = self.server.endpoint
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/completions"):
            self._other(raw)
            return
        request = Request(
            at=time.monotonic(),
            path=self.path,
            key=self.headers.get("Authorization", "").removeprefix("Bearer "),
            body=json.loads(raw),
            raw=raw,
        )
        fault = endpoint.received(request)
        try:
            self._answer(endpoint, request, fault)
        finally:
            endpoint.answered()

    def do_GET(self) -> None:
        """Answer what a completion never is."""
        self._other(b"")

    def _other(self, raw: bytes) -> None:
        answer = self.server.endpoint.other(self.command, self.path, self.headers.get("Content-Type", ""), raw)
        if answer is None:
            self.close_connection = True
        else:
            self._send(*answer)

    def _answer(self, endpoint: OpenAIEndpoint, request: Request, fault: Fault | None) -> None:
        if fault is not None and fault.hold:
            endpoint.released.wait()
        if fault is not None and fault.status is not None:
            error = {"message": fault.message, "type": "error", "code": fault.code, "param": fault.param}
            self._send(fault.status, json.dumps({"error": error}).encode(), headers=fault.headers)
        elif fault is not None and fault.body is not None:
            self._send(200, fault.body, content_type=fault.content_type)
        elif fault is not None and fault.drip:
            self._drip(endpoint, [bytes([byte]) for byte in endpoint.completion(request, fault)], 0.1)
        elif endpoint.pace:
            self._drip(endpoint, endpoint.completion(request, fault).splitlines(keepends=True), endpoint.pace)
        else:
            body = endpoint.completion(request, fault)
            sent = len(body) // 2 if fault is not None and fault.cut else None
            self._send(200, body, content_type=endpoint.content_type, sent=sent)

    def _send(
        self,
        status: int,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        sent: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:sent])
        self.close_connection = sent is not None

    def _drip(self, endpoint: OpenAIEndpoint, pieces: list[bytes], seconds: float) -> None:
        self._send(200, b"".join(pieces), content_type=endpoint.content_type, sent=0)
        for piece in pieces:
            self.wfile.write(piece)
            if endpoint.released.wait(seconds):
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Write no log."""
