"""Runs the product over the data sets, as a person would who carries a task on from one number of labels to the next.

Each data set has a workspace of its own, so its pool is embedded once; each run is a task in it, deleted when its
results are written. A run that was killed is begun anew, all others are skipped. Data sets are worked on side by side.
"""

import hashlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from evals.loop.data_sets import DataSet, load
from evals.loop.protocol import Key, OracleName, batch_of, checkpoints_of, method_parts
from evals.loop.results import RESULTS, Line, Run, TestScores, append, read
from evals.loop.splitting import write_items
from tools.engine.decisions import decide_classes
from tools.engine.errors import CannotDo, LaudError
from tools.engine.features import Features
from tools.engine.records import ModelRecord, Task
from tools.engine.scoring import score, summary
from tools.plan import RunPlan
from tools.pool import add_texts
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, delete_task, make_spec
from tools.training import pool_features, pool_texts
from tools.workbench import Workbench, open_workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where results and workspaces lie, the settings of the product, and the labels of a run at most."""

    out: Path
    pools: Path
    settings: Settings
    labels: int

    @property
    def results(self) -> Path:
        """The file of results."""
        return self.out / RESULTS


def run_all(bench: Bench, keys: Sequence[Key], *, jobs: int) -> int:
    """Do those of the runs that are not done, by `jobs` processes; how many failed, each told on stderr."""
    pools = dict.fromkeys((key.data, key.oracle) for key in keys)
    shares = [[key for key in keys if (key.data, key.oracle) == pool] for pool in pools]
    jobs = min(jobs, len(shares))
    if jobs == 1:
        return sum(run_data_set(bench, share) for share in shares)
    # Children of this process take it from here; what is set already stands.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    with ThreadPoolExecutor(max_workers=jobs) as threads:
        return sum(threads.map(_in_a_process, [bench] * len(shares), shares))


def _in_a_process(bench: Bench, keys: Sequence[Key]) -> int:
    """`run_data_set` in a process of its own, whose memory goes with it; where it dies, all of its runs failed."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_child, args=(bench, keys))
    process.start()
    process.join()
    return process.exitcode if process.exitcode is not None and process.exitcode >= 0 else len(keys)


def _child(bench: Bench, keys: Sequence[Key]) -> None:
    """Do the runs, end with their parent where that ends first, and tell by the exit code how many failed."""
    parent = multiprocessing.parent_process()

    def leave() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=leave, daemon=True).start()
    failed = run_data_set(bench, keys)
    sys.stderr.flush()
    # A warm compute lane would be waited for otherwise; it ends with this process.
    os._exit(min(failed, 100))


def run_data_set(bench: Bench, keys: Sequence[Key]) -> int:
    """Do those runs over one data set, by one oracle, that are not done; how many failed."""
    data = _answerable(load(keys[0].data), keys[0].oracle)
    if not data.pool:
        sys.stderr.write(f"{data.name}: no labels of a language model are recorded, only the true ones are there\n")
        return len(keys)
    last = checkpoints_of(data, bench.labels)[-1]
    done = {key for key, lines in read([bench.results]).items() if lines[-1].labels >= last}
    left = [key for key in keys if key not in done]
    if not left:
        return 0
    failed = 0
    settings = bench.settings.model_copy(update={"workspace": _workspace(bench, data), "oracle_repeats": 0.0})
    with open_workbench(settings, write=True, attended=False) as opened:
        _add_pool(opened, data)
        judge = _Judge(data)
        for key in left:
            try:
                lines = one_run(opened, data, key, judge, labels=bench.labels)
            except LaudError as error:
                failed += 1
                sys.stderr.write(f"{key}: {error}\n")
                continue
            append(bench.results, lines)
            _tell(key, lines[-1])
    return failed


def _answerable(data: DataSet, oracle: OracleName) -> DataSet:
    """The data set without texts that the oracle has no answer for."""
    if oracle == "gold":
        return data
    return replace(data, pool=tuple(item for item in data.pool if item.model_label))


def _tell(key: Key, last: Line) -> None:
    sys.stderr.write(f"{key}: {last.scores.main:.3f} at {last.labels} labels, {last.seconds:,.0f} s\n")
    sys.stderr.flush()


def _workspace(bench: Bench, data: DataSet) -> Path:
    """A workspace for these very texts and this encoder: another split or encoder never meets an old one's vectors."""
    digest = hashlib.sha256(bench.settings.encoder.encode())
    for item in data.pool:
        digest.update(f"\0{item.text}\0{item.label}\0{item.model_label}".encode())
    return bench.pools / f"{data.name}-{digest.hexdigest()[:8]}"


def _add_pool(bench: Workbench, data: DataSet) -> None:
    source = bench.folder / "pool.jsonl"
    if not source.exists():
        write_items(source, data.pool)
    add_texts(bench, source=str(source), name=data.name, text_column="text", id_column="id")


def _oracle(data: DataSet, name: OracleName) -> str:
    if name == "gold":
        return "replay:label"
    stated = any(item.model_confidence is not None for item in data.pool)
    return "replay:model_label@model_confidence" if stated else "replay:model_label"


def one_run(bench: Workbench, data: DataSet, key: Key, judge: "_Judge", *, labels: int) -> Run:
    """Run the loop from its cold start to each checkpoint in turn; the model that is handed over at each is judged.

    No label is set apart to judge by (`gold=0`): every label that is asked for is learnt from and counted.
    """
    strategy, learner = method_parts(key.method)
    name = f"{key.oracle} {strategy} {learner} {key.seed}"
    if name in bench.tasks.names():
        delete_task(bench, name)
    task = create_task(bench, make_spec({"name": name, **_task(data)}))
    pool_features(bench, task, pool_texts(bench, task))  # the pool's own, made by the first run only: no run's time
    plan = RunPlan(
        task=name,
        oracle=_oracle(data, key.oracle),
        batch=batch_of(data),
        gold=0,
        strategy=strategy,
        learner=learner,
        seed=key.seed,
        gate="skip",
    )
    lines: list[Line] = []
    seconds = 0.0
    for limit in checkpoints_of(data, labels):
        started = perf_counter()
        done = run(bench, replace(plan, labels=limit))
        seconds += perf_counter() - started
        if done.model is None:
            raise CannotDo(f"No model came of it: {done.stop.reason}.")
        lines.append(
            Line(
                data=key.data,
                method=key.method,
                oracle=key.oracle,
                seed=key.seed,
                labels=done.model.labels,
                calls=sum(one.oracle_calls for one in done.rounds),
                scores=judge.scores(bench, task, done.model),
                seconds=round(seconds, 2),
                of_round=done.model.round,
            )
        )
    delete_task(bench, name)
    return tuple(lines)


def _task(data: DataSet) -> dict[str, object]:
    classes = [{"name": name, "definition": data.definitions.get(name, "")} for name in data.classes]
    return {"pool": data.name, "description": data.description, "classes": classes, "positive": data.positive}


class _Judge:
    """The test set of a data set; its features are made once for each space."""

    def __init__(self, data: DataSet) -> None:
        self._texts = [item.text for item in data.test]
        codes = {name: code for code, name in enumerate(data.classes)}
        self._truth: NDArray[np.int64] = np.array([codes[item.label] for item in data.test], dtype=np.int64)
        self._features: dict[Path, Features] = {}

    def scores(self, bench: Workbench, task: Task, model: ModelRecord) -> TestScores:
        """The scores of a model of the task, its classes decided as `laud predict` decides them."""
        space = pool_features(bench, task, pool_texts(bench, task)).space
        if space not in self._features:
            encoder = bench.pools.get(task.pool).encoder
            self._features[space] = bench.submit_features(self._texts, encoder, space).result()
        probabilities = bench.predict(bench.model_folder(model.id), self._texts, self._features[space])
        positive = None if task.positive is None else task.class_names.index(task.positive)
        found = summary(
            score(
                truth=self._truth,
                predicted=decide_classes(probabilities, positive=positive, threshold=model.threshold),
                classes=task.class_names,
                basis="test",
                positive=task.positive,
            )
        )
        names = ("accuracy", "macro_f1") if positive is None else ("accuracy", "macro_f1", "precision", "recall", "f1")
        return TestScores.model_validate({name: round(float(found[name]), 5) for name in names})  # type: ignore[literal-required] # the names are its keys
