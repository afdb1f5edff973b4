"""Oracles by the name that a person gives: `llm`, `human`, `replay:COLUMN`, or several, such as `llm:a>llm:b`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tools.engine.demonstrations import Demonstration, choose_demonstrations
from tools.engine.errors import UnknownName, UnreadableInput
from tools.engine.ports import Oracle
from tools.engine.records import SkippedRow, Task, Text, TextId
from tools.labeling import at_the_terminal
from tools.opinions import by_people
from tools.panel import Cascade, Committee, Repeated, read_panel
from tools.pool import text_id
from tools.training import pool_texts, zero_shot
from tools.workbench import Workbench

FORMS = (
    "llm, offline (a language model through a batch file), human, zero-shot, replay:COLUMN[@CONFIDENCE] or "
    "replay:FILE[:COLUMN]; several as A>B (B what A is unsure of), vote:A,B,C, or A*3 (asked three times)"
)

VERIFIED = 2_000
"""Newest labels of people among which demonstrations are chosen."""
SAMPLED = 500
"""Texts that are asked about, to which demonstrations are likened."""


def open_oracle(  # noqa: PLR0913 - what answers, and how it is held to it
    bench: Workbench, task: Task, name: str, *, noise: float = 0.0, seed: int = 0, priced: bool = False
) -> Oracle:
    """The oracle of that name for `task`.

    `noise` is the share of replayed labels that are made wrong on purpose; with `priced` the cost of its answers must
    be known.

    Raises UnknownName for another name or column, UnknownLabel for recorded labels outside the classes,
    UnreadableInput for a file, OracleUnavailable when no language model is set.
    """
    panel = _open_panel(
        bench, task, name, lambda part: open_oracle(bench, task, part, noise=noise, seed=seed, priced=priced)
    )
    if panel is not None:
        return panel
    kind, _, rest = name.partition(":")
    match kind:
        case "llm":
            return bench.llm_oracle(task, model=rest or None, priced=priced, demonstrate=demonstrating(bench, task))
        case "offline":
            return bench.language_models.offline(task, model=rest or None, priced=priced).silent()
        case "human":
            return at_the_terminal(bench)
        case "zero-shot":
            pool = pool_texts(bench, task)
            probabilities = zero_shot(bench, task, pool)
            return bench.zero_shot_oracle(dict(zip(pool.ids, probabilities, strict=True)), bench.pools.get(task.pool))
        case "replay" if rest:
            return _replayed(bench, task, rest, noise=noise, seed=seed)
        case _:
            raise UnknownName(f"There is no oracle {name!r}. The forms are: {FORMS}.")


def _open_panel(bench: Workbench, task: Task, name: str, opened: Callable[[str], Oracle]) -> Oracle | None:
    """Several oracles as one, `A>B`, `vote:A,B` or `A*3`; None where the name is of a single one."""
    panel = read_panel(name)
    if panel is None:
        return None
    parts = [opened(part) for part in panel.parts]
    match panel.form:
        case "chain":
            return Cascade(bench, task, *parts, wanted=bench.settings.oracle_accuracy)
        case "vote":
            return Committee(bench, task, parts)
        case "again":
            return Repeated(bench, parts[0], panel.times)


def _replayed(bench: Workbench, task: Task, where: str, *, noise: float, seed: int) -> Oracle:
    """Recorded labels; `COLUMN@OTHER` has the oracle's confidences in another column of the pool."""
    column, stated, other = where.rpartition("@")
    columns = bench.pools.columns(task.pool)
    confidences: dict[TextId, float] = {}
    if stated and column in columns and other in columns:
        confidences = _confidences(bench, task, other)
    known = bench.normalise_labels(_recorded(bench, task, column if confidences else where), task)
    rng = np.random.default_rng([seed, 0x0])
    return bench.replay_oracle(known.labels, source=f"replay:{where}", noise=noise, rng=rng, confidences=confidences)


def _confidences(bench: Workbench, task: Task, column: str) -> dict[TextId, float]:
    """What a column says of confidences; texts without one are left out, since unknown is not zero."""
    stated = {text.id: text.fields.get(column, "").strip() for text in bench.pools.texts(task.pool)}
    try:
        found = {text: float(value) for text, value in stated.items() if value}
    except ValueError as error:
        raise UnreadableInput(f"Column {column!r} should hold confidences from 0 to 1: {error}.") from error
    wrong = next((value for value in found.values() if not 0 <= value <= 1), None)
    if wrong is not None:
        raise UnreadableInput(f"Column {column!r} should hold confidences from 0 to 1, not {wrong:g}.")
    return found


def demonstrating(bench: Workbench, task: Task) -> Callable[[Sequence[Text]], Sequence[Demonstration]] | None:
    """What chooses demonstrations for texts to ask about; None while no person has labeled any."""
    return partial(demonstrations, bench, task) if _verified(bench, task) else None


def demonstrations(bench: Workbench, task: Task, texts: Sequence[Text]) -> list[Demonstration]:
    """Texts with a person's label to show a language model before `texts`; none of the gold sample, none of `texts`.

    Likeness counts where the pool's vectors are there; else the classes alone decide.
    """
    asked = {text.id for text in texts}
    verified = [(text, label) for text, label in _verified(bench, task) if text not in asked][-VERIFIED:]
    if not verified:
        return []
    ids = bench.pools.text_ids(task.pool)
    rows = {text: row for row, text in enumerate(ids)}
    known = [rows[text] for text, _ in verified]
    near = [rows[text.id] for text in texts[:: max(1, len(texts) // SAMPLED)]]
    pool = bench.pools.get(task.pool)
    placed = bench.vectors.count(pool) == len(ids)
    matrix = bench.vectors.matrix(pool, ids) if placed else np.zeros((len(ids), 1), dtype=np.float16)
    labels = [label for _, label in verified]
    chosen = choose_demonstrations(matrix[known], labels, matrix[near], size=bench.settings.llm_demonstrations)
    shown = bench.pools.texts(task.pool, [verified[row][0] for row in chosen])
    return [Demonstration(text=text.text, label=labels[row]) for text, row in zip(shown, chosen, strict=True)]


def _verified(bench: Workbench, task: Task) -> list[tuple[TextId, str]]:
    """Texts that a person gave a class, outside the gold sample."""
    return [
        (text, label.answer.label)
        for text, label in bench.labels.current(task.name).items()
        if label.role != "gold" and label.answer.label is not None and by_people(label.answer.source)
    ]


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
