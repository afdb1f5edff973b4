"""How fast texts are labeled by a language model, and what becomes of them when the endpoint fails.

`python -m evals oracle throughput [rate|faults|limit|all] [--texts N]`. The endpoint is a process of its own on
loopback. Each case labels the texts of a pool the way a run does, each answer committed to the workspace's database.

- `rate`: replies after 300 ms, 32 at once, more are refused or queued; the ideal is 32 / 0.3 s = 106.7 texts a second.
  `bare_per_second` is what 32 connections reach that do nothing but ask, right before.
- `faults`: 30 % of the requests meet 429, 500, no answer, or a broken reply; the program that labels is killed
  (SIGKILL) again and again.
- `limit`: an endpoint that takes 600 requests a minute, with and without headers that say so.

Prints one JSON object a case.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evals.oracle.endpoint import CLASSES, PROMPT_TOKENS, REPLY_TOKENS, label_of
from tools.answers import Purpose
from tools.engine.records import Text
from tools.labeling import ask
from tools.oracles import open_oracle
from tools.pool import text_id
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

TEXTS = 5_000
LATENCY, AT_ONCE = 0.3, 32
BARE, BARE_REQUESTS = "line -1", 640
FAULTS, KILLS = 0.3, 4
MODEL = "gpt-4o-mini"
POOL = TASK = "lines"
CALL_TIMEOUT = 3.0
"""Seconds after which the program gives up a request of the case `faults`."""


def main(arguments: list[str]) -> int:
    """Run the named cases; returns 1 when a text was lost."""
    parser = argparse.ArgumentParser(prog="python -m evals oracle throughput")
    parser.add_argument("case", nargs="?", default="all", choices=("rate", "faults", "limit", "all", "label"))
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--items", type=int, default=1)
    parser.add_argument("--latency", type=float, default=LATENCY)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.case == "label":
        print(json.dumps(label(given.workspace, given.url, items=given.items)))
        return 0
    found = []
    if given.case in {"rate", "all"}:
        found += [rate(given.texts, given.latency, queues=False), rate(given.texts, given.latency, queues=True)]
        found += [rate(given.texts, given.latency, queues=False, items=10)]
    if given.case in {"limit", "all"}:
        found += [limit(given.texts // 5, headers=True), limit(given.texts // 5, headers=False)]
    if given.case in {"faults", "all"}:
        found += [faults(given.texts, given.latency, items=1), faults(given.texts, given.latency, items=10)]
    for one in found:
        print(json.dumps(one))
    return int(any(one.get("lost") or one.get("wrong") for one in found))


# --- cases ------------------------------------------------------------------------------------------------------------


def rate(texts: int, latency: float, *, queues: bool, items: int = 1) -> dict[str, Any]:
    """Label at full speed, beside the ideal and what bare connections reach against the same endpoint."""
    requests = -(-texts // items)
    with endpoint(latency=latency, at_once=AT_ONCE, queues=queues) as url, workspace(texts) as folder:
        reference = asyncio.run(bare(url, BARE_REQUESTS)) * items
        done = run_label(folder, url, items=items)
        stats = stats_of(url)
        ideal = AT_ONCE / latency * items
        return {
            "case": f"rate, {'queues' if queues else 'refuses'} more than {AT_ONCE}",
            "texts": texts,
            "texts_a_request": items,
            "ideal_per_second": round(ideal, 1),
            "bare_per_second": round(reference, 1),
            "per_second": round(texts / done["seconds"], 1),
            "share_of_ideal": round(texts / done["seconds"] / ideal, 4),
            "seconds": done["seconds"],
            "cpu_ms_a_request": round(done["cpu"] / requests * 1_000, 2),
            "refused": stats["over"],
            "most_at_once": stats["at_once"],
            **outcome(folder, stats, texts),
        }


def limit(texts: int, *, headers: bool) -> dict[str, Any]:
    """Label against a limit of requests a minute, of which a minute's worth may come at once."""
    a_minute = 600
    with (
        endpoint(latency=0.1, at_once=10_000, per_minute=a_minute, headers=headers, retry_after=1.0) as url,
        workspace(texts) as folder,
    ):
        done = run_label(folder, url)
        stats = stats_of(url)
        ideal = texts / (max(0, texts - a_minute) / (a_minute / 60) or texts / a_minute)
        return {
            "case": f"limit, {a_minute} a minute{', said in headers' if headers else ''}",
            "texts": texts,
            "ideal_per_second": round(ideal, 1),
            "per_second": round(texts / done["seconds"], 1),
            "refused": stats["over"],
            **outcome(folder, stats, texts),
        }


def faults(texts: int, latency: float, *, items: int) -> dict[str, Any]:
    """Label against a failing endpoint, killed again and again, until nothing is left to ask."""
    with endpoint(latency=latency, at_once=AT_ONCE, faults=FAULTS) as url, workspace(texts) as folder:
        for number in range(1, KILLS + 1):
            kill_at(folder, url, labels=texts * number // (KILLS + 1), items=items)
        run_label(folder, url, items=items)
        stats = stats_of(url)
        return {
            "case": f"faults, {FAULTS:.0%} of the requests, killed {KILLS} times",
            "texts": texts,
            "texts_a_request": items,
            "requests": stats["requests"],
            "faults": stats["faults"],
            "refused_as_too_many": stats["over"],
            **outcome(folder, stats, texts),
        }


def outcome(folder: Path, stats: dict[str, Any], texts: int) -> dict[str, Any]:
    """What became of the texts, and whether the money adds up: dollars by the labels and by the endpoint's count."""
    with open_workbench(Settings(workspace=folder)) as bench:
        task = bench.tasks.get(TASK)
        current = bench.labels.current(TASK)
        by_id = {text.id: text.text for text in bench.pools.texts(task.pool)}
        outcomes = Counter(label.answer.outcome for label in current.values())
        causes = Counter(str(label.answer.note) for label in current.values() if label.answer.outcome == "failed")
        wrong = sum(label.answer.label not in {None, label_of(by_id[i])} for i, label in current.items())
        price = bench.language_models.prices()[MODEL]
        spent = bench.labels.spent(TASK)
    mine = set(by_id.values())
    paid = {text: count for text, count in stats["paid"].items() if text in mine}
    twice = sum(count - 1 for count in paid.values())
    billed = price.cost(
        input_tokens=(stats["billed"] - stats["paid"].get(BARE, 0)) * PROMPT_TOKENS,
        output_tokens=sum(paid.values()) * REPLY_TOKENS,
    )
    return {
        "labeled": outcomes["label"],
        "failed_with_cause": outcomes["failed"],
        "causes": dict(causes),
        "lost": texts - len(current),
        "wrong": wrong,
        "answered_twice": twice,
        "dollars_counted": round(spent, 6),
        "dollars_billed_at_least": round(billed, 6),
    }


# --- the program that labels ------------------------------------------------------------------------------------------


def label(folder: Path, url: str, *, items: int) -> dict[str, float]:
    """Ask about all texts of the pool that have no answer yet, as a round does."""
    settings = Settings(workspace=folder, llm_base_url=url, llm_model=MODEL, llm_items=items, llm_timeout=CALL_TIMEOUT)
    with open_workbench(settings, write=True, attended=False) as bench:
        task = bench.tasks.get(TASK)
        oracle = open_oracle(bench, task, "llm")
        ids = bench.pools.text_ids(POOL)
        started, cpu = time.perf_counter(), time.process_time()
        ask(bench, oracle, ids, Purpose(task=task, role="train", round=1))
        return {
            "seconds": round(time.perf_counter() - started, 2),
            "cpu": round(time.process_time() - cpu, 2),
        }


def run_label(folder: Path, url: str, *, items: int = 1) -> dict[str, float]:
    """`label` in a process of its own, to its end."""
    with started(folder, url, items=items) as process:
        out, _ = process.communicate(timeout=3_600)
        if process.returncode:
            raise SystemExit(process.returncode)
        result: dict[str, float] = json.loads(out)
        return result


def kill_at(folder: Path, url: str, *, labels: int, items: int) -> None:
    """`label` in a process of its own, killed when the workspace holds that many labels."""
    with started(folder, url, items=items) as process:
        while count_labels(folder) < labels:
            if process.poll() is not None:
                raise SystemExit("the program ended before it was to be killed")
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)


@contextmanager
def started(folder: Path, url: str, *, items: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process; gone at the end."""
    command = [sys.executable, "-m", "evals", "oracle", "throughput", "label", "--workspace", str(folder)]
    with subprocess.Popen([*command, "--url", url, "--items", str(items)], stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def count_labels(folder: Path) -> int:
    """Answers that the workspace holds."""
    with closing(sqlite3.connect(f"file:{folder / 'laud.db'}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM labels").fetchone()[0])


async def bare(url: str, requests: int) -> float:
    """Requests a second of bare connections, as many as the endpoint takes, that ask again as soon as they can."""
    left = iter(range(requests))
    port = urlsplit(url).port
    question = {"model": MODEL, "messages": [{"role": "user", "content": json.dumps({"text": BARE})}]}
    body = json.dumps(question).encode()
    message = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.findall(rb"Content-Length: (\d+)", head)[0]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return requests / (time.perf_counter() - began)


# --- the endpoint and the workspace -----------------------------------------------------------------------------------


@contextmanager
def endpoint(**manners: Any) -> Iterator[str]:
    """The address of an endpoint in a process of its own."""
    command = [sys.executable, "-m", "evals.oracle.endpoint", json.dumps(manners)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def stats_of(url: str) -> dict[str, Any]:
    """What the endpoint counted."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats", timeout=10) as answer:  # noqa: S310 - on loopback
        stats: dict[str, Any] = json.load(answer)
        return stats


@contextmanager
def workspace(texts: int) -> Iterator[Path]:
    """A workspace with a pool of short texts and a task of four classes."""
    with tempfile.TemporaryDirectory() as name:
        with open_workbench(Settings(workspace=Path(name)), write=True) as bench:
            _fill(bench, texts)
        yield Path(name)


def _fill(bench: Workbench, count: int) -> None:
    rows = [f"line {number} of a till receipt, 2 x 0.99" for number in range(count)]
    bench.pools.create(POOL, "none")
    bench.pools.begin_import(POOL, "made", "made")
    texts = [Text(id=text_id(row), text=row) for row in rows]
    bench.pools.add_rows(POOL, "made", texts, [], rows_done=count)
    bench.pools.finish_import(POOL, "made")
    create_task(bench, make_spec({"name": TASK, "pool": POOL, "classes": list(CLASSES)}))
