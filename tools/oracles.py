"""Oracles by the name that a person gives: `llm`, `human`, `zero-shot`, `replay:COLUMN`, `replay:FILE[:COLUMN]`."""

from pathlib import Path

import numpy as np

from tools.engine.errors import UnknownName
from tools.engine.ports import Oracle
from tools.engine.records import SkippedRow, Task, TextId
from tools.pool import text_id
from tools.training import pool_texts, zero_shot
from tools.workbench import Workbench

FORMS = "llm, human, zero-shot, replay:COLUMN or replay:FILE[:COLUMN]"


def open_oracle(  # noqa: PLR0913 - what answers, and how it is held to it
    bench: Workbench, task: Task, name: str, *, noise: float = 0.0, seed: int = 0, priced: bool = False
) -> Oracle:
    """The oracle of that name for `task`.

    `noise` is the share of replayed labels that are made wrong on purpose; with `priced` the cost of its answers must
    be known.

    Raises UnknownName for another name or column, UnknownLabel for recorded labels outside the classes,
    UnreadableInput for a file, OracleUnavailable when no language model is set.
    """
    kind, _, rest = name.partition(":")
    match kind:
        case "llm":
            return bench.llm_oracle(task, model=rest or None, priced=priced)
        case "human":
            return bench.human_oracle()
        case "zero-shot":
            pool = pool_texts(bench, task)
            probabilities = zero_shot(bench, task, pool)
            return bench.zero_shot_oracle(dict(zip(pool.ids, probabilities, strict=True)), bench.pools.get(task.pool))
        case "replay" if rest:
            known = bench.normalise_labels(_recorded(bench, task, rest), task)
            return bench.replay_oracle(known.labels, source=name, noise=noise, rng=np.random.default_rng([seed, 0x0]))
        case _:
            raise UnknownName(f"There is no oracle {name!r}. The forms are: {FORMS}.")


def _recorded(bench: Workbench, task: Task, where: str) -> dict[TextId, str]:
    """The labels of a column of the pool, or of a file whose texts are the pool's."""
    columns = bench.pools.columns(task.pool)
    if where in columns:
        return {text.id: text.fields.get(where, "") for text in bench.pools.texts(task.pool)}
    file, _, column = where.rpartition(":")
    if Path(where).is_file():
        file, column = where, "label"
    if not Path(file).is_file():
        raise UnknownName(
            f"Pool {task.pool!r} has no column {where!r}, and there is no such file. Its columns: "
            f"{', '.join(map(repr, columns)) or 'none'}."
        )
    data = bench.open_input(file, exclude=(column,))
    if column not in data.other_columns:
        raise UnknownName(
            f"{file} has no column {column!r}. Its columns: {', '.join(map(repr, data.other_columns))}; "
            f"name one as replay:{file}:COLUMN."
        )
    rows = (row for row in data.rows(0) if not isinstance(row, SkippedRow))
    return {text_id(row.text): row.fields.get(column, "") for row in rows}
