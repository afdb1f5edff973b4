"""What the labeling desk takes to accept an answer and show the next text: `python -m evals speed desk [ANSWERS]`.

The service runs as a process of its own over a pool of 10,000 embedded texts and a task with 300 labels and a model's
scores; a client answers over HTTP, with suggestions shown, as a browser would. Timed is the whole request, from sending
the answer to having the next texts. Prints the median and the 95th percentile in milliseconds, as JSON.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from evals.speed.lines import store_lines
from evals.speed.serving import Served, served
from tools.engine.records import DeskSettings, Pick, Round, RoundStatus
from tools.labeling import label_texts
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.training import pool_texts, zero_shot_file
from tools.workbench import Workbench, open_workbench

TEXTS, LABELS, ANSWERS = 10_000, 300, 200
POOL, TASK = "lines", "even"


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    answers = int(arguments[0]) if arguments else ANSWERS
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        with open_workbench(Settings(workspace=workspace), write=True) as bench:
            _fill(bench, waiting=answers + 10)
        with served(workspace) as service:
            took = sorted(_answer_all(service, answers))
    found = {"median_ms": round(median(took), 1), "p95_ms": round(quantiles(took, n=20)[-1], 1)}
    load = {"load": round(os.getloadavg()[0], 1)}
    print(json.dumps({"answers": answers, "texts": TEXTS, "labels": LABELS, **found, **load}))
    return 0


def _fill(bench: Workbench, *, waiting: int) -> None:
    """The pool with vectors, the task with labels and a zero-shot pass, and texts that wait."""
    rng = np.random.default_rng(0)
    texts = store_lines(bench, POOL, TEXTS)
    vectors = rng.normal(size=(TEXTS, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [text.id for text in texts]
    bench.vectors.append(bench.pools.get(POOL), ids, vectors.astype(np.float16))
    task = create_task(bench, make_spec({"name": TASK, "pool": POOL, "classes": ["even", "odd", "other"]}))
    label_texts(bench, task, dict.fromkeys(ids[:LABELS], "even"))
    path = zero_shot_file(bench, task, len(pool_texts(bench, task).ids))
    path.parent.mkdir(exist_ok=True)
    np.save(path, rng.dirichlet(np.ones(3), size=TEXTS).astype(np.float32))
    picks = [Pick(text_id=i, score=1.0, strategy="margin") for i in ids[LABELS : LABELS + waiting]]
    seed = [Pick(text_id=i, score=1.0, strategy="cold-start") for i in ids[:LABELS]]
    done = Round(number=0, status=RoundStatus.CLOSED, strategy="cold-start", learner="head", seed=0, labels=LABELS)
    bench.rounds.save(TASK, done, seed)
    bench.rounds.save(
        TASK, Round(number=1, status=RoundStatus.SELECTED, strategy="margin", learner="head", seed=0), picks
    )
    bench.tasks.set_desk(TASK, DeskSettings(suggestions=True))


def _answer_all(service: Served, answers: int) -> Iterator[float]:
    desk = f"/tasks/{TASK}/desk"
    hand = service.asked("POST", desk, {})["hand"]
    for number in range(answers):
        body = {"id": hand["queue"][0], "said": "odd" if number % 2 else "even", "seconds": 1.0, "have": hand["queue"]}
        started = time.perf_counter()
        taken = service.asked("POST", f"{desk}/answers", body)
        yield (time.perf_counter() - started) * 1_000
        if taken["stored"] != 1 or len(taken["hand"]["queue"]) != len(hand["queue"]):
            raise SystemExit(f"an answer was not taken: {taken}")
        hand = taken["hand"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
