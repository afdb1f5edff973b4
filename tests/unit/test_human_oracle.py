"""A person's labels: at a real pseudo-terminal, line by line, and through a file."""

import codecs
import csv
import io
import json
import os
import pty
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.adapters.oracles.batch_file import read_batch, write_batch
from tools.adapters.oracles.human import CLASS_KEYS, HumanOracle, printable
from tools.engine.errors import AskAgain, StorageFailed, UnknownLabel, UnreadableInput
from tools.engine.records import Answer, ClassDefinition, Task, Text, TextId


def task_of(*names: str) -> Task:
    classes = tuple(ClassDefinition(name=name) for name in names)
    return Task(name="t", pool="p", description="", classes=classes)


TASK = Task(
    name="receipts",
    pool="receipts",
    description="",
    classes=(
        ClassDefinition(name="fruit", definition="Fresh fruit.", examples=("bananas",)),
        ClassDefinition(name="Käse, gut", definition="Cheese."),
        ClassDefinition(name="other"),
    ),
)


def texts_of(*texts: str) -> list[Text]:
    return [Text(id=TextId(f"id{n}"), text=text) for n, text in enumerate(texts)]


ABC = texts_of("aa", "bb", "cc")


def short(answers: Iterator[Answer] | Sequence[Answer]) -> list[str]:
    return [f"{answer.text_id} {answer.label or answer.outcome}" for answer in answers]


# --- one key an answer, at a pseudo-terminal ------------------------------------------------------------------------


class Terminal:
    """A pseudo-terminal: `stdin` and `stdout` are the program's side, `press` and `screen` the person's."""

    def __init__(self) -> None:
        self.person, program = pty.openpty()
        self.stdin: TextIO = os.fdopen(program, "r")
        self.stdout: TextIO = os.fdopen(os.dup(program), "w")

    def press(self, keys: str) -> None:
        """Type `keys`."""
        os.write(self.person, keys.encode())

    def screen(self) -> str:
        """What was shown since the last look."""
        return os.read(self.person, 65_536).decode()

    def close(self) -> None:
        """Close both sides."""
        for stream in (self.stdin, self.stdout):
            stream.close()
        os.close(self.person)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


def test_one_key_answers_without_enter(terminal: Terminal) -> None:
    answers = HumanOracle(stdin=terminal.stdin, stdout=terminal.stdout).answers(ABC, TASK)
    for key, expected in (("2", "Käse, gut"), ("1", "fruit"), ("3", "other")):
        terminal.press(key)
        assert next(answers).label == expected
    assert list(answers) == []
    screen = terminal.screen()
    for shown in (
        "1 of 3",
        "aa",
        "1 fruit   2 Käse, gut   3 other",
        "s skip   u unsure   + note   z undo   < jump back   q quit",
        "→ fruit",
    ):
        assert shown in screen


def test_skip_and_unsure_are_answers_and_quit_keeps_what_there_is(terminal: Terminal) -> None:
    oracle = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO())
    terminal.press("sUq1")
    assert short(oracle.answers([*ABC, *texts_of("dd")], TASK)) == ["id0 skip", "id1 unsure"]
    assert oracle.stopped
    assert list(oracle.answers(ABC, TASK)) == []


def test_undo_withdraws_the_answer_before_and_asks_again(terminal: Terminal) -> None:
    oracle = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO())
    terminal.press("z1szz233")
    given_answers = short(oracle.answers(ABC, TASK))
    assert given_answers == [
        *("id0 fruit", "id1 skip"),
        *("id1 withdrawn", "id0 withdrawn"),
        *("id0 Käse, gut", "id1 other", "id2 other"),
    ]


def test_undo_reaches_back_into_the_call_before(terminal: Terminal) -> None:
    oracle = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO())
    terminal.press("1z23")
    assert short(oracle.answers(ABC[:1], TASK)) == ["id0 fruit"]
    assert short(oracle.answers(ABC[1:2], TASK)) == ["id0 withdrawn", "id0 Käse, gut", "id1 other"]


def test_a_note_goes_with_the_next_answer_only(terminal: Terminal) -> None:
    oracle = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO(), source="human:ada")
    terminal.press("+not sure of it\n12")
    answers = list(oracle.answers(ABC[:2], TASK))
    assert [(one.label, one.note, one.source) for one in answers] == [
        ("fruit", "not sure of it", "human:ada"),
        ("Käse, gut", None, "human:ada"),
    ]


def test_jump_back_lists_what_was_answered_and_asks_the_chosen_one_again(terminal: Terminal) -> None:
    screen = io.StringIO()
    oracle = HumanOracle(stdin=terminal.stdin, stdout=screen)
    terminal.press("<12<2\n33<9\nq")
    assert short(oracle.answers([*ABC, *texts_of("dd", "ee")[1:]], TASK)) == [
        *("id0 fruit", "id1 Käse, gut"),
        *("id0 withdrawn", "id0 other", "id2 other"),
    ]
    assert "nothing to undo yet" in screen.getvalue()
    assert "1 bb → Käse, gut\n  2 aa → fruit" in screen.getvalue()


def test_near_duplicates_take_one_key_unless_they_are_taken_one_by_one(terminal: Terminal) -> None:
    screen = io.StringIO()
    groups = {TextId("id0"): [TextId("id2")], TextId("id1"): [TextId("id3")]}
    oracle = HumanOracle(stdin=terminal.stdin, stdout=screen, alike=lambda *_: groups)
    terminal.press("1z2/13")
    assert short(oracle.answers(texts_of("aa", "bb", "a\x1ba", "b b"), TASK)) == [
        *("id0 fruit", "id2 fruit", "id2 withdrawn", "id0 withdrawn"),
        *("id0 Käse, gut", "id2 Käse, gut"),
        *("id1 fruit", "id3 other"),
    ]
    assert "and 1 like it, for the same key" in screen.getvalue()
    assert "≈ a\\x1ba" in screen.getvalue(), "a text cannot steer the terminal"


def test_keys_without_meaning_and_arrow_keys_answer_nothing(terminal: Terminal) -> None:
    screen = io.StringIO()
    oracle = HumanOracle(stdin=terminal.stdin, stdout=screen)
    answers = oracle.answers(ABC[:1], TASK)
    terminal.press("9x\x1b[A\x1bOP\x1b[1;5D3")
    assert short(answers) == ["id0 other"]
    assert "'9' is none of the keys" in screen.getvalue()


def test_the_question_mark_shows_definitions_and_examples(terminal: Terminal) -> None:
    screen = io.StringIO()
    terminal.press("?1")
    assert short(HumanOracle(stdin=terminal.stdin, stdout=screen).answers(ABC[:1], TASK)) == ["id0 fruit"]
    for shown in ("1 fruit: Fresh fruit.", "for example: bananas", "2 Käse, gut: Cheese.", "3 other: no definition"):
        assert shown in screen.getvalue()


def test_the_terminal_is_as_before_whenever_an_answer_is_out(terminal: Terminal) -> None:
    before = termios.tcgetattr(terminal.stdin.fileno())
    answers = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO()).answers(ABC, TASK)
    terminal.press("1")
    next(answers)
    assert termios.tcgetattr(terminal.stdin.fileno()) == before


def test_a_terminal_that_is_closed_quits() -> None:
    person, program = pty.openpty()
    with os.fdopen(program, "r") as stdin:
        os.close(person)
        oracle = HumanOracle(stdin=stdin, stdout=io.StringIO())
        assert list(oracle.answers(ABC, TASK)) == []
    assert oracle.stopped


def test_control_d_quits(terminal: Terminal) -> None:
    oracle = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO())
    answers = oracle.answers(ABC, TASK)
    terminal.press("1")
    assert next(answers).label == "fruit"
    fd = terminal.stdin.fileno()
    modes = termios.tcgetattr(fd)
    modes[3] &= ~termios.ICANON  # so that ^D arrives as the key it is while a text is shown
    termios.tcsetattr(fd, termios.TCSANOW, modes)
    terminal.press("\x04")
    assert list(answers) == []
    assert oracle.stopped


def test_a_class_beyond_the_ninth_has_a_letter_that_is_no_command(terminal: Terminal) -> None:
    assert not set(CLASS_KEYS) & set("suzq?")
    task = task_of(*(f"class {n}" for n in range(len(CLASS_KEYS))))
    terminal.press("9ay")
    answers = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO()).answers(ABC, task)
    assert short(answers) == ["id0 class 8", "id1 class 9", f"id2 class {len(CLASS_KEYS) - 1}"]


def test_more_classes_than_keys_are_typed_as_numbers_with_enter(terminal: Terminal) -> None:
    task = task_of(*(f"class {n}" for n in range(60)))
    terminal.press("41\n7\nu\n")
    answers = HumanOracle(stdin=terminal.stdin, stdout=io.StringIO()).answers(ABC, task)
    assert short(answers) == ["id0 class 40", "id1 class 6", "id2 unsure"]


# --- line by line, where the input is no terminal -------------------------------------------------------------------


def test_lines_take_keys_and_names_and_the_end_of_input_quits() -> None:
    oracle = HumanOracle(stdin=io.StringIO("käse, GUT\nnonsense\n 3 \n"), stdout=io.StringIO())
    assert short(oracle.answers(ABC, TASK)) == ["id0 Käse, gut", "id1 other"]
    assert oracle.stopped


def test_each_answer_is_out_before_the_next_text_is_shown() -> None:
    screen = io.StringIO()
    answers = HumanOracle(stdin=io.StringIO("1\n1\n1\n"), stdout=screen).answers(ABC, TASK)
    next(answers)
    assert "bb" not in screen.getvalue()


def test_a_screen_that_knows_few_characters_shows_the_others_escaped() -> None:
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding="ascii")
    list(HumanOracle(stdin=io.StringIO("1\n"), stdout=screen).answers(texts_of("Käse"), TASK))
    assert b"K\\xe4se" in raw.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07\x1b[2Jx", r"\x1b]0;title\x07\x1b[2Jx"),
        ("a\rb\x9bc\x7f", r"a\rb\x9bc\x7f"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("tab\there", "tab    here"),
        ("Käse 梨 👩\u200d🌾 नमस्ते", "Käse 梨 👩\u200d🌾 नमस्ते"),
    ],
)
def test_a_text_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_of_a_text_cannot_pose_as_the_prompt_and_long_texts_are_cut() -> None:
    screen = io.StringIO()
    text = "1 of 3\r\n  → fruit\n\x1b[2J" + "x" * 9_999
    list(HumanOracle(stdin=io.StringIO("1\n"), stdout=screen).answers(texts_of(text), TASK))
    lines = screen.getvalue().splitlines()
    assert "  │ 1 of 3" in lines
    assert "  │   → fruit" in lines
    assert "\x1b" not in screen.getvalue()
    assert max(map(len, lines)) < 2_100
    assert any("more characters" in line for line in lines)


# --- through a file -------------------------------------------------------------------------------------------------

TRICKY = texts_of("=1+1", "'=x", "@SUM(A1)", "-3 °C", "+49", "\ttab", 'a "b", c;\nd', "plain", "''quoted''", "'tis")


def fill(path: Path, labels: Sequence[str], notes: Sequence[str] = ()) -> None:
    """Write `labels` into the file as a person in a spreadsheet would."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row, label in zip(rows, labels, strict=True):
            row["label"] = label
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *cells = csv.reader(file)
    for n, (row, label) in enumerate(zip(cells, labels, strict=True)):
        row[2], row[3] = label, notes[n] if notes else ""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *cells])


@pytest.fixture(params=["batch.csv", "batch.jsonl"])
def batch(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    write_batch(path, TRICKY, TASK)
    return path


def test_a_batch_goes_out_and_comes_back(batch: Path) -> None:
    fill(batch, ["fruit", " KÄSE, GUT ", "unsure", "Skip", "", "other", "other", "fruit", "fruit", "fruit"])
    reading = read_batch(batch, TRICKY, TASK)
    assert short(reading.answers) == [
        *("id0 fruit", "id1 Käse, gut", "id2 unsure", "id3 skip", "id5 other", "id6 other"),
        *("id7 fruit", "id8 fruit", "id9 fruit"),
    ]
    assert (reading.problems, reading.unlabeled) == ((), 1)
    assert {answer.source for answer in reading.answers} == {"human"}


def test_a_batch_comes_back_empty_when_nobody_labeled_it(batch: Path) -> None:
    assert read_batch(batch, TRICKY, TASK).unlabeled == len(TRICKY)


def test_unknown_labels_are_named_by_row_and_nothing_is_taken(batch: Path) -> None:
    fill(batch, ["fruit", "veg", "", "", "", "", "", "", "", "cheese"])
    with pytest.raises(UnknownLabel, match=r"2 labels .*row 2 'veg', row 10 'cheese'.*'fruit', 'Käse, gut', 'other'"):
        read_batch(batch, TRICKY, TASK)


def test_rows_of_unknown_and_changed_texts_are_reported_and_the_others_taken(batch: Path) -> None:
    fill(batch, ["fruit"] * len(TRICKY))
    known = [*TRICKY[:4], Text(id=TRICKY[5].id, text="another text now"), *TRICKY[6:]]
    reading = read_batch(batch, known, TASK)
    assert [(problem.row, problem.reason) for problem in reading.problems] == [
        (5, "the id 'id4' is none of this batch"),
        (6, "the text is not the one that was exported"),
    ]
    assert len(reading.answers) == len(TRICKY) - 2


def test_the_csv_names_the_choices_and_runs_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    write_batch(path, TRICKY, TASK)
    assert path.read_bytes().startswith(codecs.BOM_UTF8)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "text", "label", "note", "choices: fruit | Käse, gut | other | unsure | skip"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]


@given(st.text(alphabet=st.sampled_from("'=+-@\t,;\"\nab ")))
def test_any_text_survives_the_csv(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("batch") / "batch.csv"
    texts = texts_of(text)
    write_batch(path, texts, TASK)
    fill(path, ["fruit"])
    assert short(read_batch(path, texts, TASK).answers) == ["id0 fruit"]


def test_spreadsheets_may_change_separator_encoding_and_order(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    content = 'label;id;text;note;choices: a, b, c, d, e, f\r\nFruit;id0;"aa";sure\r\n\r\nother;id1; bb \r\n'
    path.write_bytes(content.encode("utf-16"))
    reading = read_batch(path, ABC, TASK)
    assert short(reading.answers) == ["id0 fruit", "id1 other"]
    assert reading.answers[0].note == "sure"


def test_a_text_labeled_twice_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    path.write_text("id,label\nid0,fruit\nid1,\nid0,other\n")
    reading = read_batch(path, ABC, TASK)
    assert short(reading.answers) == ["id0 fruit"]
    assert [(problem.row, problem.reason) for problem in reading.problems] == [(3, "the same text as in row 1")]


def test_a_class_called_like_an_outcome_is_the_class(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    task = task_of("skip", "keep")
    write_batch(path, ABC, task)
    assert "choices: skip | keep | unsure" in path.read_text(encoding="utf-8-sig")
    fill(path, ["skip", "keep", "unsure"])
    assert short(read_batch(path, ABC, task).answers) == ["id0 skip", "id1 keep", "id2 unsure"]
    assert read_batch(path, ABC, task).answers[0].outcome == "label"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("batch.csv", b"id,text\nid0,aa\n", "no column 'label'; its columns are 'id', 'text'"),
        ("batch.csv", b"", "no column 'id' and 'label'"),
        ("batch.csv", b"id,label\nid0,K\xe4se\n", "not UTF-8"),
        ("batch.csv", b'id,label\nid0,"' + b"x" * 200_000 + b'"\n', "line 2: field larger"),
        ("batch.jsonl", b'{"id": "id0", "label": "fruit"}\n{"id"\n', "line 2 is no JSON"),
        ("batch.jsonl", b'["id0", "fruit"]\n', "line 1 is no object"),
    ],
)
def test_a_file_that_is_no_batch_is_refused(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)
    before = csv.field_size_limit(131_072)  # for the whole process, and reading a pool has raised it
    try:
        with pytest.raises(UnreadableInput, match=complaint):
            read_batch(tmp_path / name, ABC, TASK)
    finally:
        csv.field_size_limit(before)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="There is no file"):
        read_batch(tmp_path / "batch.csv", ABC, TASK)


def test_a_file_that_is_there_is_not_written_over(batch: Path) -> None:
    fill(batch, ["fruit"] * len(TRICKY))
    with pytest.raises(AskAgain, match="may hold labels"):
        write_batch(batch, TRICKY, TASK)
    write_batch(batch, TRICKY, TASK, overwrite=True)
    assert read_batch(batch, TRICKY, TASK).unlabeled == len(TRICKY)


def test_a_folder_that_is_not_there_and_a_full_disk_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="No such file or directory"):
        write_batch(tmp_path / "missing" / "batch.csv", ABC, TASK)
    (tmp_path / "batch.csv").mkdir()
    with pytest.raises(StorageFailed, match="Is a directory"):
        write_batch(tmp_path / "batch.csv", ABC, TASK, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["batch.csv"]
