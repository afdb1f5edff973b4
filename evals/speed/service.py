"""How quick the service is: `python -m evals speed service`.

Four things, as JSON: the seconds of `laud --help` (median of five) and from `laud serve` until it is ready; and, while
a round on the sample that comes with LAUD fine-tunes its encoder, the median and the 95th percentile of the
milliseconds that a request for the state of the task takes, over HTTP, one every 20 milliseconds.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from evals.speed.serving import LAUD, Served, served
from tools.demonstration import SAMPLE
from tools.pool import add_texts
from tools.settings import Settings
from tools.task import create_task, load_task_file
from tools.workbench import open_workbench

TASK = "baby-care"
BETWEEN = 0.02
RUN = {"oracle": "replay:category", "labels": 120, "batch": 100, "gold": 0, "learner": "finetune"}


def main(_: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    help_seconds = [_seconds_of_help() for _ in range(5)]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        with open_workbench(Settings(workspace=workspace), write=True) as bench:
            add_texts(bench, source=str(SAMPLE / "receipts.csv"), name="receipts", id_column="id")
            create_task(bench, load_task_file(SAMPLE / "task.yaml"))
        with served(workspace) as service:
            took = list(_states(service))
    found = {
        "help_s": round(median(help_seconds), 2),
        "ready_s": round(service.ready_after, 2),
        "state_median_ms": round(median(took), 1),
        "state_p95_ms": round(quantiles(took, n=20)[-1], 1),
        "requests": len(took),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(found))
    return 0


def _seconds_of_help() -> float:
    started = time.perf_counter()
    subprocess.run([LAUD, "--help"], check=True, capture_output=True)
    return time.perf_counter() - started


def _states(service: Served) -> Iterator[float]:
    """Milliseconds of each request for the state of the task, from the beginning of a run to its end."""
    job = service.asked("POST", f"/tasks/{TASK}/rounds", RUN)["id"]
    while (state := service.asked("GET", f"/jobs/{job}"))["status"] in ("queued", "running"):
        started = time.perf_counter()
        service.asked("GET", f"/tasks/{TASK}")
        yield (time.perf_counter() - started) * 1_000
        time.sleep(BETWEEN)
    if state["status"] != "done":
        raise SystemExit(f"the run ended as {state['status']}: {state['error']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
