"""Oracles whose answers were recorded on public data, beside the true classes; read from the folder LAUD_DATA."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tools.engine.consistency import Repeat
from tools.engine.oracle_gate import GivenAnswer
from tools.engine.records import SkippedRow, TextId
from tools.settings import Settings
from tools.workbench import open_workbench

DEFAULT_FOLDER = "../shared/data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Answers of an oracle, the texts and their true classes; what it could not decide is left out."""

    name: str
    classes: tuple[str, ...]
    answers: tuple[GivenAnswer, ...]
    truth: Mapping[TextId, str]
    texts: Mapping[TextId, str]

    def right(self, answer: GivenAnswer) -> bool:
        """Whether the answer is right."""
        return self.truth[answer.text_id] == answer.label


def data_folder() -> Path:
    """Where the data lie."""
    return Path(os.environ.get("LAUD_DATA", DEFAULT_FOLDER))


def recorded_oracles() -> dict[str, Recorded]:
    """Those whose file is there, by name; says on stderr which are not."""
    found = {}
    for name, (file, confidence) in _SOURCES.items():
        path = data_folder() / file
        if path.is_file():
            found[name] = _read(name, path, confidence)
        else:
            sys.stderr.write(f"{name}: left out, {path} is not there; LAUD_DATA names the folder\n")
    return found


def recorded_repeats() -> list[Repeat]:
    """Answers of a language model about groceries, each beside its first about the same item; none without the file."""
    path = data_folder() / "grocery_llm_oracle/repeats.parquet"
    if not path.is_file():
        return []
    rows = rows_of(path)
    return [
        Repeat(before=row["label_run0"], now=row[f"label_run{turn}"], round=turn) for turn in (1, 2) for row in rows
    ]


def rows_of(path: Path) -> list[Mapping[str, str]]:
    """The rows of a file, every column by its name; the text is in `text`."""
    with tempfile.TemporaryDirectory() as folder, open_workbench(Settings(workspace=Path(folder))) as bench:
        data = bench.open_input(str(path), text_column="text")
        return [{**row.fields, "text": row.text} for row in data.rows(0) if not isinstance(row, SkippedRow)]


def _stated(fields: Mapping[str, str]) -> float | None:
    return float(fields["llm_confidence"])


def _none(_: Mapping[str, str]) -> float | None:
    return None


def _agreement(fields: Mapping[str, str]) -> float | None:
    return 1.0 if fields["llm_label"] == fields["round2_label"] else 0.5


_Confidence = Callable[[Mapping[str, str]], float | None]
_SOURCES: Mapping[str, tuple[str, _Confidence]] = MappingProxyType(
    {
        "stance, stated": ("llm_global_warming_stance/llm_global_warming_stance.parquet", _stated),
        "reviews, none": ("llm_freeal_mr/llm_freeal_mr.parquet", _none),
        "reviews, agreement": ("llm_freeal_mr/llm_freeal_mr.parquet", _agreement),
        "groceries, stated": ("grocery_llm_oracle/pool.parquet", _stated),
    }
)
"""File and raw confidence: as the model stated it; none; or whether a second model gives the same class."""


def _read(name: str, path: Path, confidence: _Confidence) -> Recorded:
    rows = rows_of(path)
    known = [(TextId(str(place)), row) for place, row in enumerate(rows) if row.get("llm_label")]
    return Recorded(
        name=name,
        classes=tuple(sorted({row["label"] for _, row in known} | {row["llm_label"] for _, row in known})),
        answers=tuple(
            GivenAnswer(text_id=one, label=row["llm_label"], confidence=confidence(row)) for one, row in known
        ),
        truth={one: row["label"] for one, row in known},
        texts={one: row["text"] for one, row in known},
    )
