"""Results: one JSON object a line, one line a checkpoint of a run, whoever made it."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.loop.protocol import Key, OracleName

RESULTS = "results.jsonl"


class TestScores(BaseModel):
    """Scores on the test set, from 0 to 1; the last three are those of the positive class, None where there is none."""

    __test__ = False  # pytest would take it for tests
    model_config = ConfigDict(frozen=True)

    accuracy: float
    macro_f1: float
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None

    @property
    def main(self) -> float:
        """F1 of the positive class, or accuracy where there is none."""
        return self.accuracy if self.f1 is None else self.f1


class Line(BaseModel):
    """A model judged: after `labels` training labels and `calls` answers, the seed's among both.

    `seconds` is the machine's time for the run so far, `of_round` the round that made the model, 0 the cold start.
    """

    model_config = ConfigDict(frozen=True)

    data: str
    method: str
    oracle: OracleName
    seed: int
    labels: int = Field(gt=0)
    calls: int
    scores: TestScores
    seconds: float
    of_round: int

    @property
    def key(self) -> Key:
        """The run that it belongs to."""
        return Key(data=self.data, oracle=self.oracle, method=self.method, seed=self.seed)


Run = tuple[Line, ...]
"""The lines of one run, in order of labels."""


def append(path: Path, run: Iterable[Line]) -> None:
    """Add the lines of a run in one piece; several processes may do so at the same time."""
    written = "".join(f"{line.model_dump_json()}\n" for line in run).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")), path.open("a+b") as file:
        # What a kill cut short ends in a line of its own, which is passed over.
        if file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n":
            written = b"\n" + written
        file.write(written)


def read(paths: Iterable[Path]) -> Mapping[Key, Run]:
    """The runs in these files; of two lines of a run with as many labels the later one counts."""
    found: dict[Key, dict[int, Line]] = {}
    for path in paths:
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], start=1):
            try:
                line = Line.model_validate_json(text)
            except ValidationError as error:
                problem = error.errors()[0]
                sys.stderr.write(f"{path}:{number} is passed over: {problem['loc']} {problem['msg']}\n")
                continue
            found.setdefault(line.key, {})[line.labels] = line
    return {key: tuple(line for _, line in sorted(found[key].items())) for key in sorted(found)}
