"""Labeling away from LAUD: a batch of texts as a csv or jsonl file, and the same file read back with labels."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.engine.errors import AskAgain, StorageFailed, UnknownLabel, UnreadableInput
from tools.engine.records import Answer, Outcome, SkippedRow, Task, Text, TextId
from tools.engine.spreadsheet import plain_cell, safe_cell

COLUMNS = ("id", "text", "label", "note")
CHOICES = "choices"
"""Key (jsonl), or start of the last column's name (csv), that carries the words a label may be."""
OUTCOMES: Mapping[str, Outcome] = {"unsure": "unsure", "skip": "skip"}
NAMED_AT_MOST = 10
"""Rows that an error message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReading:
    """What came back: answers, rows that could not be taken with the reason, and how many rows have no label yet."""

    answers: tuple[Answer, ...]
    problems: tuple[SkippedRow, ...]
    unlabeled: int


def write_batch(path: Path, texts: Sequence[Text], task: Task, *, overwrite: bool = False) -> None:
    """Write `texts` for labeling to `path`: jsonl by that suffix, else csv that a spreadsheet can open safely.

    Cells that a spreadsheet would run as a formula get an apostrophe in front, which reading takes off. The file
    appears whole or not at all. Raises AskAgain when it is there already, as it may hold labels, StorageFailed when it
    cannot be written.
    """
    if path.exists() and not overwrite:
        raise AskAgain(f"{path} is there already and may hold labels. Import it first, or give another name.")
    write = _as_jsonl if path.suffix == ".jsonl" else _as_csv
    _write_whole(path, write(texts, [*task.class_names, *_words(task)]))


def read_batch(path: Path, texts: Sequence[Text], task: Task) -> BatchReading:
    """The labels of a file made by `write_batch` for some of `texts`.

    Rows count from 1. A row without label is not labeled yet; "unsure" and "skip" are answers too. Rows of unknown
    texts, changed texts and repeated texts are problems. Raises UnknownLabel, naming the rows, when any label is
    outside the classes (nothing is taken then), UnreadableInput when the file is no such file.
    """
    known = {text.id: text for text in texts}
    classes = {name.strip().casefold(): name for name in task.class_names}
    words = {word: OUTCOMES[word] for word in _words(task)}
    answers: list[Answer] = []
    problems: list[SkippedRow] = []
    outside: list[tuple[int, str]] = []
    seen: dict[TextId, int] = {}
    unlabeled = 0
    for row, cells in _rows(path):
        label = cells.get("label", "").strip()
        word = label.casefold()
        if not label:
            unlabeled += 1
            continue
        if word not in classes and word not in words:
            outside.append((row, label))
            continue
        text_id = TextId(cells.get("id", "").strip())
        reason = _problem(cells, known.get(text_id), seen.get(text_id))
        if reason:
            problems.append(SkippedRow(row=row, reason=reason))
            continue
        seen[text_id] = row
        answers.append(
            Answer(
                text_id=text_id,
                outcome=words.get(word, "label") if word not in classes else "label",
                label=classes.get(word),
                source="human",
                note=cells.get("note", "").strip() or None,
            )
        )
    if outside:
        raise _unknown_labels(path, outside, task)
    return BatchReading(answers=tuple(answers), problems=tuple(problems), unlabeled=unlabeled)


def _words(task: Task) -> list[str]:
    """The words besides the classes; a class of that name comes first."""
    names = {name.strip().casefold() for name in task.class_names}
    return [word for word in OUTCOMES if word not in names]


def _problem(cells: Mapping[str, str], text: Text | None, seen_in: int | None) -> str | None:
    if text is None:
        return f"the id {cells.get('id', '')[:60]!r} is none of this batch"
    if seen_in is not None:
        return f"the same text as in row {seen_in:,}"
    shown = cells.get("text")
    # A spreadsheet may change line ends, and take off the apostrophe itself; neither changes what was judged.
    if shown is not None and _folded(shown) != _folded(text.text):
        return "the text is not the one that was exported"
    return None


def _folded(text: str) -> str:
    return " ".join(text.split())


def _unknown_labels(path: Path, outside: Sequence[tuple[int, str]], task: Task) -> UnknownLabel:
    named = ", ".join(f"row {row:,} {label[:60]!r}" for row, label in outside[:NAMED_AT_MOST])
    more = f" and {len(outside) - NAMED_AT_MOST:,} more" if len(outside) > NAMED_AT_MOST else ""
    choices = ", ".join(map(repr, [*task.class_names, *_words(task)]))
    return UnknownLabel(
        f"{len(outside):,} labels in {path} are none of the choices: {named}{more}. Nothing was imported. "
        f"Write one of {choices}, or leave the cell empty."
    )


# --- csv and jsonl --------------------------------------------------------------------------------------------------


def _as_csv(texts: Sequence[Text], choices: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, f"{CHOICES}: {' | '.join(choices)}"])
    writer.writerows([safe_cell(text.id), safe_cell(text.text), "", "", ""] for text in texts)
    return out.getvalue().encode("utf-8-sig")  # the byte order mark makes spreadsheets read UTF-8


def _as_jsonl(texts: Sequence[Text], choices: Sequence[str]) -> bytes:
    lines = (
        json.dumps({"id": t.id, "text": t.text, "label": "", "note": "", CHOICES: choices}, ensure_ascii=False) + "\n"
        for t in texts
    )
    return "".join(lines).encode()


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise StorageFailed(f"{path} cannot be written: {error.strerror}. Give another place.") from error


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableInput(f"There is no file {path}.") from error
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror}.") from error
    try:
        decoded = content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{path} is not UTF-8 (byte {error.start:,}). Save it as CSV UTF-8.") from error
    yield from _jsonl_rows(path, decoded) if path.suffix == ".jsonl" else _csv_rows(path, decoded)


def _csv_rows(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    header = content.partition("\n")[0].partition(CHOICES)[0]
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=max(",;\t", key=header.count))
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        missing = [repr(name) for name in ("id", "label") if name not in names]
        if missing:
            raise UnreadableInput(
                f"{path} has no column {' and '.join(missing)}; its columns are {', '.join(map(repr, names[:20]))}."
            )
        for row, cells in enumerate(reader, start=1):
            if any(cells):
                yield row, {name: plain_cell(cell) for name, cell in zip(names, cells, strict=False)}
    except csv.Error as error:
        raise UnreadableInput(f"{path}, line {reader.line_num:,}: {error}.") from error


def _jsonl_rows(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    for row, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except ValueError as error:
            raise UnreadableInput(f"{path}, line {row:,} is no JSON: {error}.") from error
        if not isinstance(cells, dict) or not {"id", "label"} <= cells.keys():
            raise UnreadableInput(f"{path}, line {row:,} is no object with 'id' and 'label'.")
        yield row, {name: "" if cells.get(name) is None else str(cells[name]) for name in COLUMNS if name in cells}
