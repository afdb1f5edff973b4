"""Inputs of every format: what is read, what is skipped and why, what is asked back, and how reading goes on."""

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.adapters.readers import Input, Row, open_input, spool
from tools.engine.errors import StorageFailed, UnreadableInput
from tools.engine.records import SkippedRow

CAP = 20_000


def read(path: Path, *, text_column: str | None = None, id_column: str | None = None, cap: int = CAP) -> Input:
    return open_input(str(path), text_column=text_column, id_column=id_column, max_text_length=cap)


def texts(opened: Input) -> list[str]:
    return [row.text for row in opened.rows(0) if isinstance(row, Row)]


def skipped(opened: Input) -> list[tuple[int, str]]:
    return [(row.row, row.reason) for row in opened.rows(0) if isinstance(row, SkippedRow)]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, *, text_column: str | None = None, id_column: str | None = None) -> str:
    with pytest.raises(UnreadableInput) as caught:
        list(read(path, text_column=text_column, id_column=id_column).rows(0))
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


# --- every format gives back what was written -----------------------------------------------------------------------


def write_csv(path: Path, content: Sequence[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
            [("n", "text"), *enumerate(content)],
        )


def write_json(path: Path, content: Sequence[str]) -> None:
    path.write_text(json.dumps([{"n": n, "text": t} for n, t in enumerate(content)]), encoding="utf-8")


def write_jsonl(path: Path, content: Sequence[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.writelines(json.dumps({"n": n, "text": t}, ensure_ascii=False) + "\n" for n, t in enumerate(content))


def write_parquet(path: Path, content: Sequence[str]) -> None:
    pq.write_table(pa.table({"n": range(len(content)), "text": list(content)}), path, row_group_size=3)


WRITERS: dict[str, Callable[[Path, Sequence[str]], None]] = {
    ".csv": write_csv,
    ".tsv": write_csv,
    ".json": write_json,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}


def cleaned(text: str) -> str:
    lines = re.sub("\r\n|[\r\v\f\x85\u2028\u2029]", "\n", text)
    return "".join(c for c in lines if c in "\t\n" or unicodedata.category(c) != "Cc").strip()


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=60)
@given(
    content=st.lists(st.text() | st.text(alphabet='a",;\t\r\n\\ \0é'), min_size=1, max_size=9), start=st.integers(0, 9)
)
def test_any_texts_come_back_clean_in_order_and_from_any_start(suffix: str, content: list[str], start: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"pool{suffix}"
        WRITERS[suffix](path, content)
        opened = read(path, id_column="n")
        rows = list(opened.rows(0))
        assert [row.row for row in rows] == list(range(1, len(content) + 1))
        for text, row in zip(content, rows, strict=True):
            if cleaned(text):
                assert isinstance(row, Row)
                assert (row.text, row.external_id) == (cleaned(text), str(row.row - 1))
            else:
                assert row == SkippedRow(row=row.row, reason="empty")
        assert list(opened.rows(start)) == rows[start:]
        assert opened.rows_total == len(content)


def test_a_table_gives_text_id_and_other_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "receipts.csv", 'id,text,category\nr1,"Plant pot, 20 cm",garden\nr2,RICE 1KG,pasta\n')
    opened = read(path, id_column="id")
    assert (opened.text_column, opened.other_columns) == ("text", ("category",))
    assert list(opened.rows(0)) == [
        Row(row=1, text="Plant pot, 20 cm", external_id="r1", fields={"category": "garden"}),
        Row(row=2, text="RICE 1KG", external_id="r2", fields={"category": "pasta"}),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text;label\none, two;x\nthree;y\n"),
        ("a.csv", "text\tlabel\none, two\tx\nthree\ty\n"),
        ("a.csv", '\ufefftext,label\r\n"one, two",x\r\nthree,y\r\n'),
        ("a.csv", "text\none, two\nthree\n"),
        ("a.csv", 'text,label,,\n"one, two",x,,\nthree,y,,,,\n'),
        ("a.TXT", "one, two\nthree"),
        ("a.ndjson", '"one, two"\n{"text": "three"}\n'),
        ("a.json", '["one, two", "three"]'),
        ("a.json", '{"version": 1, "rows": [{"text": "one, two"}, {"text": "three"}]}'),
    ],
)
def test_the_customs_of_each_format(tmp_path: Path, name: str, content: str) -> None:
    opened = read(written(tmp_path, name, content))
    assert texts(opened) == ["one, two", "three"]
    assert skipped(opened) == []
    assert opened.rows_total == 2


def test_values_that_are_no_strings_become_fields_as_text(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array(["a b", "c d"]).dictionary_encode(),
            "n": [1, None],
            "score": [0.5, 1.0],
            "day": pa.array([0, 1], pa.date32()),
            "tags": [["x", "é"], []],
            "kind": pa.array(["p", "q"]).dictionary_encode(),
            "ok": [True, False],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = read(tmp_path / "a.parquet").rows(0)
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first.fields == {
        "n": "1", "score": "0.5", "day": "1970-01-01", "tags": '["x", "é"]', "kind": "p", "ok": "true",
    }  # fmt: skip
    assert "n" not in second.fields


# --- rows that are no texts -----------------------------------------------------------------------------------------


def test_each_row_that_is_no_text_is_reported_with_its_reason(tmp_path: Path) -> None:
    lines = [
        '{"text": "fine"}', "",
        '{"text": 5}', '{"text": null}', '{"text": {"a": 1}}', '{"body": "x"}', '{"text": "  "}',
        '{"text": "cut', "[1]", '{"text": "\\ud800"}', '{"text": "' + "x" * 1234 + '"}', "[" * 100_000,
        '{"text": "good", "deep": ' + "[" * 900 + "]" * 900 + "}", '{"text": ' + "9" * 5_000 + "}",
    ]  # fmt: skip
    opened = read(written(tmp_path, "a.jsonl", "\n".join(lines)), cap=1_000)
    assert texts(opened) == ["fine", "good"]
    reasons = dict(skipped(opened))
    assert reasons.pop(8).startswith("broken json: ")
    assert reasons.pop(14).startswith("broken json: ")
    assert reasons == {
        2: "empty", 3: "not text (number)", 4: "not text (null)", 5: "not text (object)", 6: "not text (missing)",
        7: "empty", 9: "not text (array)", 10: "bad encoding", 11: "text of 1,234 characters is over the cap of 1,000",
        12: "broken json: nested too deep",
    }  # fmt: skip


def test_a_broken_row_of_a_table_costs_that_row_only(tmp_path: Path) -> None:
    lines = [
        "id,text",
        "1,a b",
        "2",
        "3,a,b,c",
        '4,"never closed',
        "5,c d",
        '6,"a "quoted" word"',
        "",
        '7,5" pipe',
        "8,e",
    ]
    opened = read(written(tmp_path, "a.csv", "\n".join(lines)))
    assert texts(opened) == ["a b", "c d", 'a quoted" word"', '5" pipe', "e"]
    assert skipped(opened) == [
        (2, "1 cells where the header has 2"),
        (3, "4 cells where the header has 2"),
        (4, "broken csv: a quote is opened and not closed"),
        (7, "empty"),
    ]
    assert [row.row for row in opened.rows(4)] == [5, 6, 7, 8, 9]


def test_quotes_of_an_unquoted_tsv_stay_as_they_are(tmp_path: Path) -> None:
    opened = read(written(tmp_path, "a.tsv", 'text\tlabel\n"Yes" he said\tx\n"open\ty\nlast one\tz\n'))
    assert texts(opened) == ['"Yes" he said', '"open', "last one"]


@pytest.mark.parametrize(("name", "head"), [("a.csv", "id,text\n1,one two\n"), ("a.jsonl", '{"text": "one two"}\n')])
def test_a_50_mb_line_is_skipped_and_the_rest_is_read(tmp_path: Path, name: str, head: str) -> None:
    row = '{"text": "%s"}' if name.endswith("jsonl") else '2,"%s"'
    last = '{"text": "last"}' if name.endswith("jsonl") else "3,last"
    opened = read(written(tmp_path, name, head + row % ("x" * 50_000_000) + "\n" + last + "\n"))
    assert texts(opened) == ["one two", "last"]
    [(place, reason)] = skipped(opened)
    assert place == 2
    assert re.fullmatch(r"line of 50,000,0\d\d characters is longer than can be read \(16,777,216\)", reason)


def test_control_characters_leave_the_text(tmp_path: Path) -> None:
    opened = read(written(tmp_path, "a.json", json.dumps(["a\0b\x1b[31m\tc\r\nd\x9f ", "\0 \x07"])))
    assert texts(opened) == ["ab[31m\tc\nd"]
    assert skipped(opened) == [(2, "empty")]


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "Crème brûlée, œufs frais"),
        ("cp1250", "Zażółć gęślą jaźń, mleko świeże, ser żółty"),
        ("cp1251", "Молоко топлёное, хлеб ржаной"),
        ("shift_jis", "これは日本語のテキストです"),
        ("utf-16", "Grüße, 牛奶"),
        ("utf-16-le", "Grüße, 牛奶"),
        ("utf-32", "Grüße"),
    ],
)
def test_another_encoding_of_the_whole_file_is_found_and_told(tmp_path: Path, encoding: str, words: str) -> None:
    bom = "\ufeff" if encoding == "utf-16-le" else ""
    content = bom + 'id,text\n1,plain\n2,"' + words + '"\n' + "".join(f'{n},"{words}"\n' for n in range(3, 9))
    opened = read(written(tmp_path, "a.csv", content.encode(encoding)))
    assert texts(opened)[:2] == ["plain", words]
    assert len(opened.notes) == 1
    assert encoding.removesuffix("-le") in opened.notes[0]


def test_one_accent_in_a_file_of_plain_letters_is_enough(tmp_path: Path) -> None:
    content = "id,text\n" + "".join(f"{n},plain words\n" for n in range(300)) + "300,Café au lait\n"
    assert texts(read(written(tmp_path, "a.csv", content.encode("cp1252"))))[-1] == "Café au lait"


@pytest.mark.parametrize("bad", [b"\xff\xfe junk", b"cut Gr\xc3", b"cut \xe2\x82 here", b"Gr\xfc\xdfe"])
@pytest.mark.parametrize(("name", "head", "form"), [("a.csv", "n,text\n", "7,%s\n"), ("a.txt", "", "%s\n")])
def test_a_few_bad_rows_of_a_utf8_file_are_skipped(tmp_path: Path, name: str, head: str, form: str, bad: bytes) -> None:
    good = (form % "Grüße aus Köln").encode()
    content = head.encode() + good * 4 + form.encode() % bad + good * 4
    opened = read(written(tmp_path, name, content))
    assert texts(opened) == ["Grüße aus Köln"] * 8
    assert skipped(opened) == [(5, "bad encoding")]
    assert opened.notes == ()


@pytest.mark.parametrize("bad", [b"\xff\xfe junk", b"cut Gr\xc3", b"cut \xe2\x82 here"])
def test_bytes_that_are_no_letters_do_not_pass_for_another_encoding(tmp_path: Path, bad: bytes) -> None:
    content = b"n,text\n" + b"1,plain words\n" * 30 + b"2," + bad + b"\n3,more\n"
    opened = read(written(tmp_path, "a.csv", content))
    assert skipped(opened) == [(31, "bad encoding")]
    assert len(texts(opened)) == 31


def test_bad_bytes_in_another_column_skip_the_row(tmp_path: Path) -> None:
    opened = read(written(tmp_path, "a.csv", "text,note\nfür dich,ü\nGruß,".encode() + b"\xff\n" + "é,ok\n".encode()))
    assert skipped(opened) == [(2, "bad encoding")]


def test_wrong_utf8_inside_a_parquet_column_costs_its_row(tmp_path: Path) -> None:
    column = pa.array([b"good one", b"\xff\xfe", b"good two"], pa.binary())
    pq.write_table(pa.table({"text": pa.Array.from_buffers(pa.string(), 3, column.buffers())}), tmp_path / "a.parquet")
    opened = read(tmp_path / "a.parquet")
    assert texts(opened) == ["good one", "good two"]
    assert skipped(opened) == [(2, "bad encoding")]


# --- which column is the text ---------------------------------------------------------------------------------------

TITLES = [f"product number {n} from the shelf" for n in range(40)]
BODIES = [
    f"a far longer description of the product with the number {n}, of which there are many here" for n in range(40)
]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"text": TITLES, "description": BODIES}, "text"),
        ({"id": [f"r{n:04}" for n in range(40)], "words": TITLES, "shelf": ["food", "pets"] * 20}, "words"),
        ({"date": ["2024-01-31"] * 40, "price": ["1.99"] * 40, "names": TITLES}, "names"),
        ({"title": TITLES, "reviewText": BODIES, "url": [f"http://a/{n}" for n in range(40)]}, "reviewText"),
        ({"title": TITLES, "description": BODIES}, "description"),
        ({"brand": TITLES, "product_name": TITLES}, "product_name"),
        ({"a": TITLES, "b": BODIES}, "b"),
        ({"kind": ["yes", "no"] * 20, "n": [str(n) for n in range(40)]}, "kind"),
    ],
)
def test_the_text_column_is_found(tmp_path: Path, columns: dict[str, list[str]], expected: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").text_column == expected


def test_two_columns_that_could_be_the_text_are_named_with_an_example(tmp_path: Path) -> None:
    columns = {"question": BODIES, "answer_text": TITLES, "group": ["a", "b"] * 20, "comment": BODIES}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    message = refusal(path)
    assert "Say which one." in message
    assert 'question ("a far longer description of the product with the number 0, …")' in message
    assert "comment" in message
    assert "group" not in message
    assert read(path, text_column="answer_text").text_column == "answer_text"


@pytest.mark.parametrize("role", ["text", "id"])
def test_a_wrong_column_is_answered_with_those_that_there_are(tmp_path: Path, role: str) -> None:
    path = written(tmp_path, "a.csv", "id,text,label\n1,a,b\n")
    message = refusal(path, **{f"{role}_column": "txet"})
    assert f"for the {role}s: there are" in message
    assert "id, text, label" in message


# --- inputs that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n\n", "no rows"),
        ("a.csv", b"id,text\n", "only a header: id, text"),
        ("a.csv", b"1,I love it\n2,I hate it\n", 'looks like data, not like names of columns: "1", "I love it"'),
        ("a.csv", b"good stuff,pos\nbad stuff,neg\nfine,pos\n", "looks like data"),
        ("a.csv", b"PK\x03\x04rest", "spreadsheet"),
        ("a.json", b"[]", "no rows"),
        ("a.json", b'[{"text": "a"},', "not valid json: Expecting value in line 1, column 16"),
        ("a.json", b'{"a": [1], "b": [2]}', 'one with 2 arrays ("a", "b")'),
        ("a.json", b'"text"', "it is a string"),
        ("a.json", b"[" * 100_000, "not json that can be read"),
        ("a.jsonl", b"oops\nagain\n", "None of its first 2 rows can be read; the first one: broken json"),
        ("a.json", b'[{"n": 1}, {"n": 2}]', "No column holds text: there are n"),
        ("a.parquet", b"PAR1 and then nothing", "not a parquet file, or it is damaged"),
        ("a.docx", b"PK\x03\x04rest", "These can be read: csv, tsv, json"),
        ("a.bin", bytes(range(256)) * 9, "These can be read"),
        ("a.txt", "Grüße".encode("utf-16")[:-1], "damaged or cut off"),
    ],
)  # fmt: skip
def test_an_input_that_is_not_what_it_claims(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    assert said in refusal(written(tmp_path, name, content))


def test_a_parquet_file_with_damaged_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text number {n * n}" for n in range(5_000)]}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[100:4_000] = b"\x55" * 3_900
    path.write_bytes(content)
    assert "damaged" in refusal(path)


def test_a_missing_file_a_folder_and_a_pipe(tmp_path: Path) -> None:
    assert "There is no such file" in refusal(tmp_path / "nothing.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "It is a folder" in refusal(tmp_path / "folder.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a regular file" in refusal(tmp_path / "pipe.csv")
    with pytest.raises(UnreadableInput, match="File name too long"):
        read(tmp_path / ("x" * 300))


@contextmanager
def without_privileges() -> Iterator[None]:
    """As an ordinary user: root may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "id,text\n1,a\n")
    path.chmod(0)
    with without_privileges():
        assert "It cannot be read: Permission denied" in refusal(path)


def test_an_example_in_an_error_cannot_steer_the_terminal(tmp_path: Path) -> None:
    rows = [{"one": f"\x1b[31m line\n{n}", "two": f"\x1b[32m line\n{n}"} for n in range(30)]
    message = refusal(written(tmp_path, "a.json", json.dumps(rows)))
    assert message.isprintable()


# --- fingerprints, unknown names, standard input --------------------------------------------------------------------


def test_the_fingerprint_follows_content_and_columns(tmp_path: Path) -> None:
    content = "id,text,body\n1,a b,c\n"
    first, same = written(tmp_path, "a.csv", content), written(tmp_path, "b.csv", content)
    other = written(tmp_path, "c.csv", content + "2,d,e\n")
    assert read(first).fingerprint == read(same).fingerprint
    prints = [read(first), read(other), read(first, text_column="body"), read(first, id_column="id")]
    assert len({opened.fingerprint for opened in prints}) == 4


@pytest.mark.parametrize(
    ("content", "suffix", "expected"),
    [
        ('{"text": "one"}\n{"text": "two"}\n', "jsonl", ["one", "two"]),
        ('{"text": "one"}', "jsonl", ["one"]),
        ('"one"\n"two"\n', "jsonl", ["one", "two"]),
        ('["one",\n"two"]', "json", ["one", "two"]),
        ('{"rows": ["one", "two"]}', "json", ["one", "two"]),
        ("id;text\n1;one\n2;two\n", "csv", ["one", "two"]),
        ("texte\tsorte\none\tx\ntwo\ty\n", "csv", ["one", "two"]),
        ("text\none, two\n", "csv", ["one, two"]),
        ("one, two\nthree\n", "txt", ["one, two", "three"]),
        ("Hello, world\nGoodbye, moon\n", "txt", ["Hello, world", "Goodbye, moon"]),
    ],
)
def test_standard_input_and_unknown_names_are_read_by_their_look(
    tmp_path: Path, content: str, suffix: str, expected: list[str]
) -> None:
    told: list[tuple[str, int, int | None]] = []
    kept = spool(io.BytesIO(content.encode()), tmp_path / "kept", progress=lambda *now: told.append(now))
    assert kept.suffix == f".{suffix}"
    assert told == [("read standard input", len(content), None)]
    assert spool(io.BytesIO(content.encode()), tmp_path / "kept", progress=lambda *_: None) == kept
    assert list((tmp_path / "kept").iterdir()) == [kept]
    shown = open_input(str(kept), text_column=None, id_column=None, max_text_length=CAP, shown_as="standard input")
    assert shown.source == "standard input"
    column = "texte" if "texte" in content else None
    assert texts(read(kept, text_column=column)) == expected
    unknown = read(written(tmp_path, "pool.dat", content), text_column=column)
    assert texts(unknown) == expected
    assert unknown.notes == (f"read as {suffix}, by the look of its first lines",)


def test_parquet_comes_through_standard_input_too(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", ["one", "two"])
    kept = spool(io.BytesIO((tmp_path / "a.parquet").read_bytes()), tmp_path, progress=lambda *_: None)
    assert texts(read(kept)) == ["one", "two"]


def test_standard_input_that_cannot_be_kept_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"^Standard input was empty\.$"):
        spool(io.BytesIO(), tmp_path, progress=lambda *_: None)
    with pytest.raises(UnreadableInput, match=r"^Standard input is a PDF"):
        spool(io.BytesIO(b"%PDF-1.7"), tmp_path, progress=lambda *_: None)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StorageFailed, match="Not a directory"):
        spool(io.BytesIO(b"x"), written(tmp_path, "a", "x") / "b", progress=lambda *_: None)


def test_reading_goes_on_in_the_middle_of_a_row_group(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [f"text {n}" for n in range(10)])
    pq.write_table(pa.table({"text": [f"text {n}" for n in range(9_000)]}), tmp_path / "b.parquet")
    assert [row.row for row in read(tmp_path / "a.parquet").rows(7)] == [8, 9, 10]
    later = list(read(tmp_path / "b.parquet").rows(8_191))
    assert len(later) == 809
    assert later[0] == Row(row=8_192, text="text 8191", external_id=None, fields={})
