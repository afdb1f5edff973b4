"""The learner `kernel`: finds a rare class among the texts of a whole pool, in a few seconds.

Four steps, each on what the one before it found:

1. A logistic regression over labels and weak negatives (`head`) tells how many texts of the pool are of the class, and
   which few thousand come near it.
2. A support vector machine with a Gaussian kernel (Cortes & Vapnik 1995) judges these: a class is many small
   neighbourhoods, which no plane cuts out.
3. Neighbours among them come to agree (label spreading; Zhou et al. 2003, NIPS 16), with the labels held fast.
4. A kernel ridge regression learns the outcome, so that texts outside the pool are judged by the same neighbourhoods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.linalg import cho_factor, cho_solve
from sklearn.svm import SVC

from tools.adapters.learners.featuriser import Featuriser, bring_along
from tools.adapters.learners.pseudo_labels import fit_with_pool
from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.errors import InvalidTask
from tools.engine.features import Features
from tools.engine.learning import Fitted, TrainingSet, balanced, deal_folds
from tools.engine.ports import Probabilities

WIDTH = 0.7
"""Gaussian kernel exp(-WIDTH * d²) of two texts at distance d."""
STRENGTH = 3.0
"""C of the support vector machine."""
SLOPE = 4.0
"""From the machine's margins to log-odds."""
NEAR = 2_000
"""Texts of the pool that the class is looked for among."""
POOL_SAMPLE = 50_000
"""Texts of the pool, drawn at random, that are looked at."""
NEIGHBOURS = 10
NEIGHBOUR_FALL = 0.15
"""How fast neighbours count less as the cosine falls."""
SHARE = 0.5
"""Share of the neighbours' opinion in a text's own."""
SPREADINGS = 20
RIDGE = 0.3
FOLDS = 3
SHARPNESS = 8.0
"""From scores, which run from 0 to 1, to log-odds, before the temperature."""
WEIGHTS = "kernel.safetensors"
BLOCK = 4_096

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Kernel:
    """Scores by nearness to `points` (m, f), which weigh `weights` (m,); positive above the score `edge`."""

    points: Features
    weights: NDArray[np.float32]
    edge: float
    positive: int

    def logits(self, features: Features) -> NDArray[np.float32]:
        """(n, 2) logits."""
        points = self.points.astype(np.float32)
        odds = np.zeros((len(features), 2), dtype=np.float32)
        for start in range(0, len(features), BLOCK):
            rows = features[start : start + BLOCK].astype(np.float32)
            scores = gaussian(rows, points) @ self.weights
            odds[start : start + BLOCK, self.positive] = SHARPNESS * (scores - self.edge)
        return odds


class KernelLearner:
    """Learner port, for two classes of which one is positive."""

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:
        """Fit on all examples; temperature and held-out probabilities come from folds."""
        started = perf_counter()
        if examples.positive is None or len(examples.classes) != 2:
            raise InvalidTask("The learner `kernel` is for two classes of which one is positive; take another learner.")
        folds = deal_folds(examples.labels, folds=FOLDS, rng=np.random.default_rng(seed))
        pool = pool_sample(examples, seed=seed)
        logits = np.empty((len(examples.labels), 2), dtype=np.float32)
        for fold in np.unique(folds):
            model = fit_kernel(examples, pool, folds != fold, seed=seed)
            logits[folds == fold] = model.logits(examples.features[folds == fold])
        temperature = fit_temperature(logits, examples.labels)
        model = fit_kernel(examples, pool, np.ones(len(folds), dtype=np.bool_), seed=seed)
        save_file(
            {"points": model.points, "weights": model.weights, "edge": np.array([model.edge], dtype=np.float32)},
            folder / WEIGHTS,
        )
        bring_along(examples.space, folder)
        return Fitted(
            learner="kernel",
            held_out=apply_temperature(logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )


def pool_sample(examples: TrainingSet, *, seed: int) -> Features:
    """Features of the pool's texts that have no label, all or a random part."""
    if examples.pool is None or examples.others is None:
        return examples.unlabeled
    drawn = np.random.default_rng(seed).permutation(examples.others)[:POOL_SAMPLE]
    return np.asarray(np.load(examples.pool, mmap_mode="r")[np.sort(drawn)])


def fit_kernel(examples: TrainingSet, pool: Features, kept: NDArray[np.bool_], *, seed: int) -> Kernel:
    """The four steps of the module's docstring on the `kept` examples; `pool` (p, f) are texts without a label."""
    positive = int(examples.positive or 0)
    linear = fit_with_pool(examples, examples.unlabeled, None, kept, seed=seed)
    logits = linear.logits(pool)
    odds = logits[:, positive] - logits[:, 1 - positive]
    found = int((odds > 0).sum())
    near = pool[np.argsort(-odds, kind="stable")[:NEAR]]
    labeled = examples.features[kept]
    truth = (examples.labels[kept] == positive).astype(np.int64)
    points = np.concatenate([labeled, near])
    believed = examples.believed[kept]
    opinions = _opinions(points, labeled, examples.unlabeled, truth, believed)
    # A label that is believed half is half the label, half what the machine makes of its text.
    opinions[: len(truth)] = believed * truth + (1 - believed) * opinions[: len(truth)]
    agreed = spread_opinions(points.astype(np.float32), opinions, held=len(truth))
    points = np.concatenate([points, examples.unlabeled])
    targets = np.concatenate([agreed, np.zeros(len(examples.unlabeled))])
    weights = _ridge(points.astype(np.float32), targets)
    model = Kernel(points, weights, 0.0, positive)
    scores = model.logits(near)[:, positive] / SHARPNESS
    # As many texts of the pool are called positive as the linear model finds there: a count that it gets right
    # more surely than which ones.
    edge = float(np.sort(scores)[::-1][min(found, len(scores) - 1)]) if len(scores) else 0.5
    return Kernel(points, weights, edge, positive)


def gaussian(rows: Matrix, points: Matrix) -> Matrix:
    """Gaussian kernel (n, m) of rows (n, f) and points (m, f)."""
    squares = (rows**2).sum(axis=1)[:, None] + (points**2).sum(axis=1)[None] - 2 * rows @ points.T
    return np.asarray(np.exp(-WIDTH * np.maximum(squares, 0)), dtype=np.float32)


def _opinions(
    points: Features,
    labeled: Features,
    unlabeled: Features,
    truth: NDArray[np.int64],
    believed: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How sure the support vector machine is, from 0 to 1, that each point is positive."""
    rows = np.concatenate([labeled, unlabeled]).astype(np.float32)
    codes = np.concatenate([truth, np.zeros(len(unlabeled), dtype=np.int64)])
    if len(np.unique(codes)) == 1:  # a fold without the only positive label
        return np.full(len(points), float(codes[0]))
    each = believed.sum() / max(1, len(unlabeled))
    weights = np.concatenate([believed, np.full(len(unlabeled), each)])
    machine = SVC(C=STRENGTH, gamma=WIDTH).fit(rows, codes, sample_weight=balanced(codes, weights))
    margins = machine.decision_function(points.astype(np.float32))
    return np.asarray(1 / (1 + np.exp(-SLOPE * margins)))


def spread_opinions(rows: Matrix, opinions: NDArray[np.float64], *, held: int) -> NDArray[np.float64]:
    """Opinions (n,) after neighbours among the rows (n, f) have come to agree; the first `held` stay as they are."""
    units = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    alike = units @ units.T
    np.fill_diagonal(alike, -1)
    count = min(NEIGHBOURS, len(rows) - 1)
    nearest = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    nearness = np.exp((np.take_along_axis(alike, nearest, axis=1) - 1) / NEIGHBOUR_FALL)
    places = np.repeat(np.arange(len(rows)), count)
    graph = sp.csr_array((nearness.ravel(), (places, nearest.ravel())), shape=alike.shape)
    graph = graph.maximum(graph.T)
    walk = sp.diags_array(1 / np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-9)) @ graph
    agreed = opinions.copy()
    for _ in range(SPREADINGS):
        agreed = SHARE * (walk @ agreed) + (1 - SHARE) * opinions
        agreed[:held] = opinions[:held]
    return agreed


def _ridge(points: Matrix, targets: NDArray[np.float64]) -> NDArray[np.float32]:
    kernel = gaussian(points, points)
    kernel[np.diag_indices(len(kernel))] += RIDGE
    solved = cho_solve(cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False), targets.astype(np.float32))
    return np.asarray(solved, dtype=np.float32)


class KernelClassifier:
    """Classifier port: the encoder, where features are not given, and the kernel."""

    def __init__(self, model: Kernel, featuriser: Featuriser, manifest: dict[str, Any]) -> None:
        self.model = model
        self._featuriser = featuriser
        self._manifest = manifest

    @classmethod
    def load(cls, folder: Path, manifest: dict[str, Any], *, precision: str) -> "KernelClassifier":
        """The model in `folder`."""
        arrays = load_file(folder / WEIGHTS)
        model = Kernel(
            arrays["points"],
            arrays["weights"],
            float(arrays["edge"][0]),
            list(manifest["classes"]).index(manifest["positive"]),
        )
        return cls(model, Featuriser(folder, manifest["encoder"], precision), manifest)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        return tuple(self._manifest["classes"])

    def probabilities(self, texts: Sequence[str], features: Features | None = None) -> Probabilities:
        """Calibrated class probabilities."""
        rows = self._featuriser.features(texts) if features is None else features
        return apply_temperature(self.model.logits(rows), self._manifest["temperature"])
