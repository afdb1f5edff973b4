"""What the results of a task over a large pool take to be drawn: `python -m evals speed page [TEXTS]`.

The service and the page run as processes of their own over a pool of 100,000 texts with vectors, a task with 500
labels, 200 gold texts, six rounds and their models, and a task that picks at random beside it; the map is laid out
before, as that happens once for a pool. A new browser opens each section of the results: timed is from asking for the
address until the last piece of the section stands there, and beside it what the service took for the requests of that
section alone. The first screen is timed alike, at the very first visit after the start and at later ones.
Prints medians of three in seconds, as JSON.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from shutil import which
from statistics import median
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

from evals.speed.lines import store_lines
from evals.speed.serving import LAUD, PATIENCE, Served, served
from tools.engine.ports import Probabilities
from tools.engine.records import (
    Answer,
    GoldItem,
    Label,
    ModelId,
    ModelRecord,
    Pick,
    Role,
    Round,
    RoundStatus,
    Task,
    Text,
    TextId,
)
from tools.engine.scoring import score
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.training import zero_shot_file
from tools.workbench import Workbench, open_workbench

TEXTS, LABELS, GOLD, ROUNDS, TRIES = 100_000, 500, 200, 6, 3
POOL, TASK, BY_LOT = "lines", "even", "by lot"
CLASSES = ("even", "odd", "other")
SECTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Overview": (
            ".laud-advice",
            ("results?show=status", "rounds", "random", "advice", "results?show=scores"),
        ),
        "Map": ("canvas", ("results?show=status", "map")),
        "Mistakes": (".laud-table", ("results?show=status", "results?show=confused&limit=50")),
        "Confidence": ("[data-testid='stVegaLiteChart'] svg", ("results?show=status", "reliability")),
        "Predictions": (".laud-table", ("results?show=status", "results?show=predictions&limit=10")),
        "Rounds": (
            "text=Why the texts of round",
            ("results?show=status", "rounds", "results?compare=0&compare=5&limit=20", "results?show=why&limit=50"),
        ),
        "Labels": (".laud-table", ("results?show=status", "labels?limit=50")),
        "Oracle": (".laud-table", ("results?show=status", "llm/costs", "oracles", "desk/agreement")),
    }
)
"""What stands at the end of each section, and what it asks the service for."""
FIRST_SCREEN = "text=From a pile of text"


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    size = int(arguments[0]) if arguments else TEXTS
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        with open_workbench(Settings(workspace=workspace), write=True) as bench:
            _fill(bench, size)
        with served(workspace) as service:
            while not service.asked("GET", f"/tasks/{TASK}/map")["ready"]:
                time.sleep(0.2)
            asked = {name: _asked(service, paths) for name, (_, paths) in SECTIONS.items()}
            with _page(service) as url, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
                # The very first visit loads what all later ones find loaded.
                first, *again = _visits(browser, url, FIRST_SCREEN, times=1 + TRIES)
                drawn = {
                    name: round(median(_visits(browser, f"{url}/results?task={TASK}&see={name}", last)), 2)
                    for name, (last, _) in SECTIONS.items()
                }
                browser.close()
    found = {name: {"drawn": drawn[name], "service": asked[name]} for name in SECTIONS}
    opened = {"first visit": round(first, 2), "later": round(median(again), 2)}
    print(
        json.dumps(
            {"texts": size, "first screen": opened, "sections": found, "load": round(os.getloadavg()[0], 1)}, indent=1
        )
    )
    return 0


def _asked(service: Served, paths: Sequence[str]) -> float:
    """Seconds that the service takes for these requests, one after the other."""
    took = []
    for _ in range(TRIES):
        started = time.perf_counter()
        for path in paths:
            service.asked("GET", f"/tasks/{TASK}/{path}")
        took.append(time.perf_counter() - started)
    return round(median(took), 2)


def _visits(browser: Browser, url: str, last: str, *, times: int = TRIES) -> list[float]:
    """Seconds, each time, from asking for the address in a new browser until its last piece stands there."""
    took = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1_280, "height": 900})
        page = context.new_page()
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(last, timeout=1_000 * PATIENCE)
        took.append(time.perf_counter() - started)
        context.close()
    return took


@contextmanager
def _page(service: Served) -> Iterator[str]:
    """The address of a page of its own over the service."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    there = f"http://{service.connection.host}:{service.connection.port}"
    command = [LAUD, "ui", "--service", there, "--port", str(port)]
    page = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and not _answers(port):
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        page.terminate()
        page.wait(PATIENCE)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _fill(bench: Workbench, size: int) -> None:
    """The pool with vectors around some themes, and two tasks after their rounds."""
    rng = np.random.default_rng(0)
    texts = store_lines(bench, POOL, size)
    themes = rng.normal(size=(40, 384)).astype(np.float32)
    pool = bench.pools.get(POOL)
    for start in range(0, size, 5_000):
        block = texts[start : start + 5_000]
        vectors = themes[rng.integers(0, 40, len(block))] + rng.normal(size=(len(block), 384)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        bench.vectors.append(pool, [text.id for text in block], vectors.astype(np.float16))
    for name, strategy in ((TASK, "diverse-margin"), (BY_LOT, "random")):
        task = create_task(bench, make_spec({"name": name, "pool": POOL, "classes": list(CLASSES)}))
        _rounds(bench, task, texts, strategy, rng)


def _rounds(bench: Workbench, task: Task, texts: Sequence[Text], strategy: str, rng: np.random.Generator) -> None:
    """Gold texts, labels, rounds and models of a task, as if it had run."""
    size = len(texts)
    truth = rng.integers(0, len(CLASSES), size)
    path = zero_shot_file(bench, task, size)
    path.parent.mkdir(exist_ok=True)
    np.save(path, rng.dirichlet(np.ones(3), size=size).astype(np.float32))
    gold = range(GOLD)
    bench.rounds.save_gold(task.name, [GoldItem(text_id=texts[row].id, stratum=0, weight=size / GOLD) for row in gold])
    for row in gold:
        _label(bench, task, texts[row], CLASSES[truth[row]], round_=None)
    a_round = LABELS // ROUNDS
    for number in range(ROUNDS):
        rows = range(GOLD + number * a_round, GOLD + (number + 1) * a_round)
        for row in rows:
            _label(bench, task, texts[row], CLASSES[truth[row]], round_=number)
        held = {texts[row].id: CLASSES[truth[row]] for row in range(GOLD, rows.stop)}
        scores = score(
            truth=truth[: len(gold)],
            predicted=_model(bench, task, number, truth, held, rng)[: len(gold)].argmax(axis=1),
            classes=CLASSES,
            basis="gold",
        )
        done = Round(
            number=number,
            status=RoundStatus.CLOSED,
            strategy=strategy if number else "cold-start",
            learner="head",
            seed=0,
            labels=len(held),
            oracle_calls=len(rows),
            model_id=_identity(task, number),
            scores=scores,
            agreement=0.9,
        )
        picks = [Pick(text_id=texts[row].id, score=1.0, strategy=strategy) for row in rows]
        bench.rounds.save(task.name, done, picks)


def _identity(task: Task, number: int) -> ModelId:
    return ModelId(f"{task.name.replace(' ', '-')}-{number}")


def _model(  # noqa: PLR0913, PLR0917 - what a model is made from
    bench: Workbench,
    task: Task,
    number: int,
    truth: NDArray[np.int64],
    held: Mapping[TextId, str],
    rng: np.random.Generator,
) -> Probabilities:
    """Store a model that is right more often in later rounds; its scores of the pool."""
    hint = np.eye(3)[truth] * 0.1 * (1 + number) + rng.dirichlet(np.ones(3), size=len(truth))
    probabilities: Probabilities = (hint / hint.sum(axis=1, keepdims=True)).astype(np.float32)
    identity = _identity(task, number)
    folder = bench.model_folder(identity)
    folder.mkdir(parents=True)
    np.save(folder / "pool.npy", probabilities)
    np.save(folder / "held_out.npy", rng.dirichlet(np.ones(3), size=len(held)).astype(np.float32))
    (folder / "laud.json").write_text(json.dumps({"held_out": held}), encoding="utf-8")
    record = ModelRecord(
        id=identity,
        task=task.name,
        round=number,
        learner="head",
        path=str(folder),
        classes=CLASSES,
        guideline_version=1,
        seed=0,
        labels=len(held),
        threshold=None,
        created_at=bench.clock(),
    )
    bench.rounds.save_model(record)
    return probabilities


def _label(bench: Workbench, task: Task, text: Text, name: str, *, round_: int | None) -> None:
    answer = Answer(text_id=text.id, outcome="label", label=name, source="replay:made")
    role: Role = "gold" if round_ is None else "seed" if round_ == 0 else "train"
    label = Label(answer=answer, role=role, round=round_ or 0, guideline_version=1, at=bench.clock())
    bench.labels.append(task.name, label)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
