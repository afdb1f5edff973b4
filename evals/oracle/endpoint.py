"""An OpenAI-compatible endpoint on loopback, in a process of its own, that is slow, takes few at once, and fails.

`python -m evals.oracle.endpoint '{"latency": 0.3, "at_once": 32}'` prints its port. A text of the form `line 17 …` is
of class `class 1` (17 modulo 4). Which requests fail, and how, is decided by a seeded draw for each. `GET /stats` tells
what was asked, answered and paid: an answer counts as paid when its reader was there to take it.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any

FAULTS = ("refused", "error", "timeout", "broken")
CLASSES = ("class 0", "class 1", "class 2", "class 3")
PROMPT_TOKENS, REPLY_TOKENS = 400, 15
TIMEOUT = 30.0
"""Seconds that a request is held which never gets an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the endpoint behaves: seconds a reply, requests at once, the share that fails, and what the rest meets."""

    latency: float = 0.3
    at_once: int = 32
    queues: bool = False
    faults: float = 0.0
    retry_after: float = 0.5
    per_minute: int | None = None
    headers: bool = True
    seed: int = 0


@dataclass(slots=True)
class Stats:
    """What happened: requests, the most at once, refusals for too many, faults by kind, answers paid by text."""

    requests: int = 0
    at_once: int = 0
    over: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    billed: int = 0
    gone: int = 0

    def said(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


class Endpoint:
    """Answers over bare connections: nothing here shall be slower than what it measures."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.stats = Stats()
        self._open = 0
        self._room = asyncio.Semaphore(manners.at_once)
        self._draw = random.Random(manners.seed)  # noqa: S311 - which requests fail is no secret
        self._left = float(manners.per_minute or 0)
        self._filled = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET"):
                    writer.write(_http(200, json.dumps(self.stats.said()).encode()))
                    continue
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                body = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
                reply = await self._reply(body, reader)
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _reply(self, body: Mapping[str, Any], reader: asyncio.StreamReader) -> bytes:
        stats, manners = self.stats, self.manners
        stats.requests += 1
        if manners.per_minute is not None and not self._admitted():
            stats.over += 1
            return self._refusal()
        if self._open >= manners.at_once and not manners.queues:
            stats.over += 1
            return self._refusal()
        self._open += 1
        stats.at_once = max(stats.at_once, self._open)
        try:
            fault = self._draw.choice(FAULTS) if self._draw.random() < manners.faults else None
            if fault == "refused":
                stats.faults[fault] += 1
                return self._refusal()
            async with self._room:
                await (_hang(reader) if fault == "timeout" else asyncio.sleep(manners.latency))
        finally:
            self._open -= 1
        if fault is not None:
            stats.faults[fault] += 1
        if fault == "error":
            return _http(500, b'{"error": {"message": "an error of the endpoint", "type": "server_error"}}')
        return self._completion(body, reader, broken=fault == "broken")

    def _admitted(self) -> bool:
        now, rate = asyncio.get_running_loop().time(), (self.manners.per_minute or 0) / 60
        self._left = min(self._left + (now - (self._filled or now)) * rate, rate * 60)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _refusal(self) -> bytes:
        headers = {"Retry-After": str(self.manners.retry_after), **self._limits()}
        return _http(429, b'{"error": {"message": "too many requests", "type": "requests"}}', headers)

    def _limits(self) -> dict[str, str]:
        most = self.manners.per_minute
        if most is None or not self.manners.headers:
            return {}
        return {
            "x-ratelimit-limit-requests": str(most),
            "x-ratelimit-remaining-requests": str(int(self._left)),
            "x-ratelimit-reset-requests": f"{(most - self._left) / most * 60:.3f}s",
        }

    def _completion(self, body: Mapping[str, Any], reader: asyncio.StreamReader, *, broken: bool) -> bytes:
        asked = json.loads(body["messages"][-1]["content"])
        texts = [one["text"] for one in asked["texts"]] if "texts" in asked else [asked["text"]]
        said: Any = {"label": label_of(texts[0]), "confidence": 0.9}
        if "texts" in asked:
            said = {"answers": [{"id": one["id"], "label": label_of(one["text"])} for one in asked["texts"]]}
        content = json.dumps(said)
        if reader.at_eof():
            self.stats.gone += 1
            return b""
        self.stats.billed += 1
        if broken:
            content = content[: len(content) // 2]
        else:
            self.stats.paid.update(texts)
        tokens = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": REPLY_TOKENS * len(texts)}
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        reply = {"id": "1", "object": "chat.completion", "model": body["model"], "choices": [choice], "usage": tokens}
        return _http(200, json.dumps(reply).encode(), self._limits())


async def _hang(reader: asyncio.StreamReader) -> None:
    """Say nothing until the other side has had enough."""
    with suppress(TimeoutError):
        await asyncio.wait_for(reader.read(1), TIMEOUT)


def label_of(text: str) -> str:
    """The class of a text of the form `line 17 …`."""
    return CLASSES[int(text.split()[1]) % len(CLASSES)]


def _http(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} -", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def main() -> None:
    """Serve until the process is ended."""
    endpoint = Endpoint(Manners(**json.loads(sys.argv[1])))
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
