"""The data sets of the bench: public ones in the folder LAUD_DATA, and the sample that comes with LAUD.

Each is a pool to draw from and a test set that no run learns from, always split alike. `data_sets.yaml` has what a user
would write about each: a sentence, and a few words for every class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

import tools
from evals.oracle.recorded import data_folder, rows_of

DESCRIBED = Path(__file__).with_name("data_sets.yaml")
SAMPLES = Path(tools.__file__).parent / "samples"
SPLIT_SEED = 0
MOST_POOL, MOST_TEST = 10_000, 4_000
"""Keep a run quick; a rare target keeps all its texts, for want of positives."""

_Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A text with its true class; beside it the class that a language model gave, None where it gave none."""

    id: str
    text: str
    label: str
    model_label: str | None = None
    model_confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A task: `positive` is its rare target, `definitions` has a few words for each of the classes."""

    name: str
    description: str
    classes: tuple[str, ...]
    definitions: Mapping[str, str]
    positive: str | None
    pool: tuple[Item, ...]
    test: tuple[Item, ...]


class Described(BaseModel):
    """An entry of `data_sets.yaml`.

    `pool` is a file, in LAUD_DATA or among LAUD's samples; the test set is the file `test`, or the rows whose column
    `split` says so, or a share drawn with a fixed seed. `column` has the classes; rows with one of `without` in the
    column `label` are left out. Where there is a `positive`, what is not among `classes` becomes the last of them.
    `whole` keeps all texts, however many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    pool: str
    test: str | None = None
    sample: bool = False
    own_split: bool = False
    test_share: float = Field(default=0.2, gt=0, lt=1)
    column: str = "label"
    without: frozenset[str] = frozenset()
    whole: bool = False
    positive: str | None = None
    classes: dict[str, str]

    @model_validator(mode="after")
    def _has_its_positive(self) -> Self:
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(f"the positive class {self.positive!r} is not among the classes")
        return self

    def path(self, file: str) -> Path:
        """Where a file of it lies."""
        return (SAMPLES if self.sample else data_folder()) / file


def names() -> tuple[str, ...]:
    """The data sets whose file is there."""
    return tuple(name for name, one in _described().items() if one.path(one.pool).is_file())


def load(name: str) -> DataSet:
    """Read a data set and split it; raises KeyError for an unknown one, UnreadableInput where its file is not there."""
    one = _described()[name]
    rows = [row for row in rows_of(one.path(one.pool)) if row.get("label") not in one.without]
    pool: _Rows
    test: _Rows
    if one.test is not None:
        pool, test = rows, rows_of(one.path(one.test))
    elif one.own_split:
        pool = [row for row in rows if row["split"] == "train"]
        test = [row for row in rows if row["split"] == "test"]
    else:
        pool, test = _drawn(rows, one)
    return DataSet(
        name=name,
        description=one.description,
        classes=tuple(one.classes),
        definitions=one.classes,
        positive=one.positive,
        pool=_items(pool, one, "pool"),
        test=_items(test, one, "test"),
    )


@cache
def _described() -> Mapping[str, Described]:
    return {name: Described.model_validate(one) for name, one in yaml.safe_load(DESCRIBED.read_text("utf-8")).items()}


def _drawn(rows: _Rows, one: Described) -> tuple[_Rows, _Rows]:
    """A pool and a test set at random, the same every time."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(rows)).tolist()
    held = round(len(rows) * one.test_share)
    test, pool = order[:held], order[held:]
    if not one.whole:
        test, pool = test[:MOST_TEST], pool[:MOST_POOL]
    return [rows[place] for place in pool], [rows[place] for place in test]


def _items(rows: _Rows, one: Described, part: Literal["pool", "test"]) -> tuple[Item, ...]:
    """The rows as items; those without an id of their own are counted."""
    return tuple(
        Item(
            id=row.get("id", f"{part}-{place}"),
            text=row["text"],
            label=_label(row[one.column], one),
            model_label=row.get("llm_label"),
            model_confidence=float(row["llm_confidence"]) if "llm_confidence" in row else None,
        )
        for place, row in enumerate(rows)
    )


def _label(value: str, one: Described) -> str:
    return next(reversed(one.classes)) if one.positive is not None and value not in one.classes else value
