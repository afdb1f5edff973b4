"""The learner `in-context`: a language model that is shown labeled texts, and learns nothing beyond the question.

Few-shot prompting (Brown et al. 2020, arXiv:2005.14165) in which each text has demonstrations of its own: the labeled
texts most like it (Liu et al. 2021, arXiv:2101.06804), with every class among them and no two alike.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tools.adapters.learners.featuriser import Featuriser, bring_along
from tools.adapters.learners.folder import appearing, write_fitted
from tools.engine.calibration import apply_temperature, fit_temperature
from tools.engine.demonstrations import Demonstration, choose_demonstrations
from tools.engine.errors import UnreadableInput
from tools.engine.features import Features
from tools.engine.learning import Fitted, TrainingSet
from tools.engine.ports import Probabilities
from tools.engine.records import Answer, ClassDefinition, Task, Text, TextId

VECTORS, SHOWN = "demonstrations.safetensors", "demonstrations.json"
BELIEVED = 0.5
"""Labels that are believed less are not shown, as long as their class has others."""
UNSTATED = 0.9
"""Probability of an answer without a confidence, before calibration: unknown is not nothing."""
SUREST = 0.999

Ask = Callable[[Sequence[Text], Mapping[TextId, Sequence[Demonstration]]], Iterable[Answer]]
"""Has a language model answer about texts, each with demonstrations before it."""


class InContextLearner:
    """Learner port; `ask` has the language model answer, about `task`, with `size` demonstrations before a text."""

    def __init__(self, ask: Ask, *, task: Task, model: str, size: int) -> None:
        self._ask = ask
        self._task = task
        self._model = model
        self._size = size

    def fit(self, examples: TrainingSet, folder: Path, *, seed: int) -> Fitted:  # noqa: ARG002 - nothing is drawn
        """Keep what can be shown; temperature and held-out probabilities come from asking about each example.

        An example is never shown before itself.
        """
        started = perf_counter()
        shares = np.bincount(examples.labels, minlength=len(examples.classes)) / len(examples.labels)
        kept = shown_of(examples)
        save_file({"vectors": examples.features[kept].astype(np.float16)}, folder / VECTORS)
        told = {
            "model": self._model,
            "size": self._size,
            "shares": shares.tolist(),
            "texts": [examples.texts[row] for row in kept],
            "labels": [examples.classes[examples.labels[row]] for row in kept],
            "asked": asdict(self._task),
        }
        (folder / SHOWN).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        bring_along(examples.space, folder)
        prompter = Prompter.load(folder, self._ask, temperature=1.0)
        logits = prompter.logits(examples.texts, examples.features)
        temperature = fit_temperature(logits, examples.labels, examples.believed)
        return Fitted(
            learner="in-context",
            held_out=apply_temperature(logits, temperature),
            temperature=temperature,
            seconds=perf_counter() - started,
        )


def shown_of(examples: TrainingSet) -> list[int]:
    """The rows of the examples that may be shown: those believed, and all of a class of which none is."""
    sure = examples.believed >= BELIEVED
    known = set(examples.labels[sure].tolist())
    return [row for row, code in enumerate(examples.labels.tolist()) if sure[row] or code not in known]


class Prompter:
    """Asks about texts with the demonstrations of a folder."""

    def __init__(self, ask: Ask, vectors: Features, told: Mapping[str, Any], temperature: float) -> None:
        self.classes = tuple(one["name"] for one in told["asked"]["classes"])
        self._ask = ask
        self._vectors = _units(vectors)
        self._told = told
        self._temperature = temperature

    @classmethod
    def load(cls, folder: Path, ask: Ask, *, temperature: float) -> "Prompter":
        """What the folder holds."""
        told = json.loads((folder / SHOWN).read_text(encoding="utf-8"))
        return cls(ask, load_file(folder / VECTORS)["vectors"], told, temperature)

    def probabilities(self, texts: Sequence[str], features: Features) -> Probabilities:
        """Calibrated class probabilities."""
        return apply_temperature(self.logits(texts, features), self._temperature)

    def logits(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        """(n, C) logarithms of probabilities; a text without an answer has each class's share of the labels."""
        rows: dict[str, list[int]] = defaultdict(list)
        for row, text in enumerate(texts):
            rows[text].append(row)
        units = _units(features)
        asked = [Text(id=TextId(f"{places[0]}"), text=text) for text, places in rows.items()]
        before = {text.id: self._before(text.text, units[int(text.id)]) for text in asked}
        shares = np.clip(self._told["shares"], 1 - SUREST, None)
        found = np.tile(np.log(shares / shares.sum()), (len(texts), 1)).astype(np.float32)
        for answer in self._ask(asked, before):
            if answer.label is not None:
                found[rows[texts[int(answer.text_id)]]] = self._of(answer)
        return found

    def _before(self, text: str, vector: NDArray[np.float32]) -> tuple[Demonstration, ...]:
        """What is shown before a text: never itself, and of the classes those that come nearest."""
        size, named = self._told["size"], self._told["labels"]
        likeness = self._vectors @ vector
        others = [row for row, known in enumerate(self._told["texts"]) if known != text]
        nearest = dict.fromkeys(named[row] for row in sorted(others, key=lambda row: -likeness[row]))
        near = set(list(nearest)[:size])
        rows = [row for row in others if named[row] in near]
        labels = [named[row] for row in rows]
        chosen = choose_demonstrations(self._vectors[rows], labels, vector[None], size=size)
        return tuple(Demonstration(text=self._told["texts"][rows[i]], label=labels[i]) for i in chosen)

    def _of(self, answer: Answer) -> NDArray[np.float64]:
        """The answer's class has its confidence, and is the likeliest in any case; the others share the rest."""
        count = len(self.classes)
        stated = UNSTATED if answer.confidence is None else answer.confidence
        sure = float(np.clip(stated, 1 / count + 1 - SUREST, SUREST))
        row = np.full(count, (1 - sure) / (count - 1))
        row[self.classes.index(answer.label or "")] = sure
        return np.asarray(np.log(row))


class InContextClassifier:
    """Classifier port: the encoder, where features are not given, to find what to show; then the language model."""

    def __init__(self, prompter: Prompter, featuriser: Featuriser) -> None:
        self._prompter = prompter
        self._featuriser = featuriser

    @classmethod
    def load(cls, folder: Path, manifest: dict[str, Any], ask: Ask, *, precision: str) -> "InContextClassifier":
        """The model in `folder`."""
        prompter = Prompter.load(folder, ask, temperature=manifest["temperature"])
        return cls(prompter, Featuriser(folder, manifest["encoder"], precision))

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the probability columns."""
        return self._prompter.classes

    def probabilities(self, texts: Sequence[str], features: Features | None = None) -> Probabilities:
        """Calibrated class probabilities."""
        rows = self._featuriser.features(texts) if features is None else features
        return self._prompter.probabilities(texts, rows)


def write_model(  # noqa: PLR0913 - what is trained, where to, and what is scored
    learner: InContextLearner,
    examples: TrainingSet,
    folder: Path,
    manifest: Mapping[str, Any],
    *,
    ask: Ask,
    seed: int,
    score: Callable[["InContextClassifier"], Probabilities],
) -> Fitted:
    """Fill the model's `folder`, the probabilities of the pool by `score` in it; it appears whole or not at all."""
    with appearing(folder) as partial:
        fitted = learner.fit(examples, partial, seed=seed)
        told = write_fitted(partial, fitted, manifest)
        np.save(partial / "pool.npy", score(InContextClassifier.load(partial, told, ask, precision="auto")))
    return fitted


def asked_about(folder: Path, task: Task) -> tuple[Task, str]:
    """The question of the model in `folder`, as `task` put it then, with its budget, and the model that it goes to.

    Raises UnreadableInput for a damaged folder.
    """
    try:
        told = json.loads((folder / SHOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableInput(f"The model in {folder} is damaged: {SHOWN} cannot be read.") from error
    classes = tuple(ClassDefinition(**{**one, "examples": tuple(one["examples"])}) for one in told["asked"]["classes"])
    said = {name: told["asked"][name] for name in ("description", "budget")}
    return Task(name=task.name, pool=task.pool, classes=classes, **said), told["model"]


def _units(features: Features) -> NDArray[np.float32]:
    rows = features.astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
