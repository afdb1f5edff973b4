"""`python -m evals oracle together [runs|weights|all]`: what a model trained on a language model's labels is worth.

- `runs`: the loop on groceries, with labels recorded from a language model beside the shop's own. The same run is
  labeled by the shop (`gold`), by the model alone (`model`), by the model whose answers were checked, so that labels
  weigh what the checks say (`checked`), and by both, a person giving a tenth of the labels beside the checks (`both`).
  Accuracy on the test set.
- `weights`: a head on the same labels drawn at random, each way to train on noisy labels: all alike, weighed by what a
  hundred checks say, weighed by that and by a model that had not seen them, without those of the greatest loss, without
  those that confident learning takes for errors. And what a tenth of labels by hand finds, chosen in several ways.

The data are read from the folder LAUD_DATA. Prints one JSON object a result, then a summary.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray

from evals.oracle.recorded import Recorded, data_folder, recorded_oracles, rows_of
from tools.engine.confidence import CheckedAnswer, fit_calibration
from tools.engine.confident import label_issues
from tools.engine.features import Features
from tools.engine.learning import TrainingSet
from tools.engine.trust import label_weights, still_right
from tools.evaluation import ensure_gold
from tools.gate import check
from tools.oracles import open_oracle
from tools.pace import minutes_spent, seconds_a_label
from tools.plan import RunPlan
from tools.pool import add_texts
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.training import pool_features, pool_texts
from tools.workbench import Workbench, open_workbench

GROCERIES = "grocery_llm_oracle"
MODEL, PERSON = "replay:llm_label@llm_confidence", "replay:label"
BY_HAND = 0.1
CHECKS = 100
TRAINED: Mapping[str, int] = {"groceries, stated": 800, "stance, stated": 1_000, "reviews, agreement": 800}
"""Labels that are learnt from, by oracle; what is left judges."""
MOST = 3_000
"""Texts of one oracle that are read, at most."""
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Texts that judge, with their features and classes."""

    texts: list[str]
    features: Features
    truth: Codes


def main(arguments: Sequence[str]) -> int:
    """Run and print; returns 1 when the labels of the model cost more than a point on groceries."""
    parser = argparse.ArgumentParser(prog="python -m evals oracle together")
    parser.add_argument("case", nargs="?", default="all", choices=("runs", "weights", "all"))
    parser.add_argument("--labels", type=int, default=600)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--learner", default="auto")
    given = parser.parse_args(arguments)
    failed = False
    if given.case in {"runs", "all"}:
        failed = runs(given.labels, given.batch, given.seeds, given.learner)
    if given.case in {"weights", "all"}:
        for recorded in recorded_oracles().values():
            if recorded.name in TRAINED:
                weights(recorded, given.seeds)
    return int(failed)


# --- runs -------------------------------------------------------------------------------------------------------------


def runs(labels: int, batch: int, seeds: int, learner: str) -> bool:
    """The four runs for each seed; whether the model's labels cost more than a point."""
    folder = data_folder() / GROCERIES
    if not (folder / "test.parquet").is_file():
        sys.stderr.write(f"runs: left out, {folder} is not there; LAUD_DATA names the folder\n")
        return False
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, _bench(Path(name)) as bench:
        add_texts(bench, source=str(folder / "pool.parquet"), name=GROCERIES, text_column="text", id_column="id")
        held = rows_of(folder / "test.parquet")
        classes = sorted({row["label"] for row in rows_of(folder / "pool.parquet")})
        for seed in range(seeds):
            for way in ("gold", "model", "checked", "both"):
                plan = RunPlan(
                    task=f"{way} {seed}",
                    oracle=PERSON if way == "gold" else MODEL,
                    gold_oracle=PERSON,
                    labels=labels,
                    batch=batch,
                    learner=learner,
                    seed=seed,
                    gate=PERSON if way in {"checked", "both"} else "skip",
                )
                accuracy, hand = one_run(bench, plan, classes, held, both=way == "both")
                found.setdefault(way, []).append(accuracy)
                print(json.dumps({"way": way, "seed": seed, "accuracy": accuracy, "by_hand": hand}), flush=True)
    middle = {way: median(values) for way, values in found.items()}
    gap = middle["gold"] - middle["model"]
    closed = None if gap <= 0 else round((middle["both"] - middle["model"]) / gap, 3)
    print(json.dumps({"median": middle, "gap": round(gap, 4), "closed_by_a_tenth_by_hand": closed}))
    return gap > 0.01


def one_run(
    bench: Workbench, plan: RunPlan, classes: Sequence[str], held: Sequence[Mapping[str, str]], *, both: bool
) -> tuple[float, int]:
    """Accuracy on the test set of the run's model, and how many of its labels are a person's."""
    task = create_task(bench, make_spec({"name": plan.task, "pool": GROCERIES, "classes": list(classes)}))
    if both:
        ensure_gold(bench, task, size=plan.gold, seed=plan.seed)
        oracle, person = (open_oracle(bench, task, name) for name in (MODEL, PERSON))
        check(bench, task, oracle, person, seed=plan.seed)
        time = BY_HAND * (plan.labels or 0) * seconds_a_label(bench, task) / 60
        plan = replace(plan, minutes=minutes_spent(bench, task, lambda source: source == PERSON) + time)
    done = run(bench, plan)
    if done.model is None:
        raise SystemExit(f"{plan.task}: {done.stop.reason}")
    test = _test(bench, plan.task, classes, held)
    called = bench.predict(bench.model_folder(done.model.id), test.texts, test.features).argmax(axis=1)
    given = [one.answer.source for one in bench.labels.current(task.name).values() if one.role != "gold"]
    return float(np.mean(called == test.truth)), given.count(PERSON)


def _test(bench: Workbench, task: str, classes: Sequence[str], held: Sequence[Mapping[str, str]]) -> Test:
    of = bench.tasks.get(task)
    space = pool_features(bench, of, pool_texts(bench, of)).space
    texts = [row["text"] for row in held]
    features = bench.submit_features(texts, bench.pools.get(of.pool).encoder, space).result()
    return Test(texts=texts, features=features, truth=np.array([classes.index(row["label"]) for row in held]))


@contextmanager
def _bench(folder: Path) -> Iterator[Workbench]:
    settings = Settings(workspace=folder, oracle_repeats=0.0)
    with open_workbench(settings, write=True, attended=False) as bench:
        yield bench


# --- weights ----------------------------------------------------------------------------------------------------------


def weights(recorded: Recorded, seeds: int) -> None:
    """Every way to train on the model's labels, and what a tenth by hand would find."""
    trained = TRAINED[recorded.name]
    order = np.random.default_rng(0).permutation(len(recorded.answers))[:MOST]
    answers = [recorded.answers[row] for row in order]
    truth = np.array([recorded.classes.index(recorded.truth[one.text_id]) for one in answers])
    said = np.array([recorded.classes.index(one.label) for one in answers])
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, _bench(Path(name)) as bench:
        space = Path(name) / "space.safetensors"
        encoder = bench.settings.encoder
        texts = [recorded.texts[one.text_id] for one in answers]
        bench.make_feature_space(texts, encoder, space)
        features = bench.submit_features(texts, encoder, space).result()
        for seed in range(seeds):
            rows = np.random.default_rng(seed).permutation(len(answers))
            learnt, checked, judging = np.split(rows, [trained, trained + CHECKS])
            calibration = fit_calibration(
                [_checked(answers[row].label, answers[row].confidence, said[row] == truth[row]) for row in checked],
                recorded.classes,
                [one.confidence for one in answers],
            )
            right = np.array([calibration.probability(answers[row].label, answers[row].confidence) for row in learnt])
            examples = TrainingSet(
                texts=tuple(texts[row] for row in learnt),
                features=features[learnt],
                labels=said[learnt],
                classes=recorded.classes,
                unlabeled=features[:0],
                space=space,
            )

            def accuracy(made: TrainingSet, seed: int = seed, judging: Codes = judging) -> tuple[float, Floats]:
                with tempfile.TemporaryDirectory() as models:
                    model = Path(models) / "model"
                    manifest = {"classes": list(made.classes), "encoder": encoder, "positive": None}
                    fitted = bench.fit("head", made, model, manifest, seed=seed)
                    called = bench.predict(model, [texts[row] for row in judging], features[judging]).argmax(axis=1)
                return float(np.mean(called == truth[judging])), np.asarray(fitted.held_out, dtype=np.float64)

            for way, value in _ways(examples, right, truth[learnt], accuracy).items():
                found.setdefault(way, []).append(value)
    noise = round(float(np.mean(said != truth)), 4)
    result = {way: round(mean(values), 4) for way, values in found.items()}
    print(json.dumps({"oracle": recorded.name, "labels": trained, "noise": noise, "mean": result}), flush=True)


def _ways(
    examples: TrainingSet, right: Floats, truth: Codes, accuracy: Callable[[TrainingSet], tuple[float, Floats]]
) -> dict[str, float]:
    count = len(examples.classes)
    alike, held_out = accuracy(examples)
    views = held_out.astype(np.float32)
    own = held_out[np.arange(len(truth)), examples.labels]
    after = still_right(right, examples.labels, views)
    wrong = [issue.row for issue in label_issues(examples.labels, views)]
    confident = np.isin(np.arange(len(truth)), wrong, invert=True)
    # As many as the checks expect to be wrong.
    small = np.argsort(np.argsort(own)) >= round((1 - right).sum())
    found = {
        "gold labels": accuracy(replace(examples, labels=truth))[0],
        "all alike": alike,
        "weighed by the checks": accuracy(replace(examples, weights=label_weights(right, count)))[0],
        "and by a model": accuracy(replace(examples, weights=label_weights(after, count)))[0],
        "without great loss": accuracy(_part(examples, small))[0],
        "without confident errors": accuracy(_part(examples, confident))[0],
    }
    bad = examples.labels != truth
    size = len(truth) // 10
    for way, score in (("the checks", right), ("a model", own), ("both", after)):
        rows = np.argsort(score, kind="stable")[:size]
        found[f"wrong labels found in a tenth by {way}"] = float(bad[rows].sum() / max(1, bad.sum()))
        mended = examples.labels.copy()
        mended[rows] = truth[rows]
        sure = right.copy()
        sure[rows] = 1.0
        made = replace(examples, labels=mended, weights=label_weights(sure, count))
        found[f"accuracy after a tenth by {way}"] = accuracy(made)[0]
    return found


def _part(examples: TrainingSet, kept: NDArray[np.bool_]) -> TrainingSet:
    texts = tuple(text for text, keep in zip(examples.texts, kept, strict=True) if keep)
    return replace(examples, texts=texts, features=examples.features[kept], labels=examples.labels[kept])


def _checked(label: str, confidence: float | None, right: bool) -> CheckedAnswer:  # noqa: FBT001 - as the record
    return CheckedAnswer(label=label, confidence=confidence, right=bool(right))
