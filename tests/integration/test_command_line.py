"""The command line as other programs call it: JSON on stdout, exit codes, a loop that waits for a person."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.laud_process import LOOP, PROGRAM, ROOT, Laud, copied, end_state, prepared, sample_rows, write_csv

RUN = ("run", "baby-care", *LOOP, "--json")
HEAVY = ("torch", "transformers", "chromadb", "sklearn")


@pytest.fixture
def laud(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Laud:
    """The program on a workspace with a pool and a task."""
    return Laud(workspace=copied(prepared(tmp_path_factory.getbasetemp()), tmp_path / "workspace"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Laud, dict[str, Any]]:
    """The program on a workspace with a finished loop, and what that run printed; tests only read it."""
    place = tmp_path_factory.mktemp("trained") / "workspace"
    laud = Laud(workspace=copied(prepared(tmp_path_factory.getbasetemp()), place))
    return laud, laud.here(*RUN).json


def test_the_program_answers_at_once_because_it_loads_nothing_heavy() -> None:
    helped = subprocess.run([PROGRAM, "--help"], check=True, capture_output=True, text=True)
    for command in ("pool", "task", "run", "evaluate", "predict", "export", "label", "status"):
        assert command in helped.stdout
    asking = f"import sys, agent.cli; print(sorted(set(sys.modules) & {set(HEAVY)!r}))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run([sys.executable, "-c", asking], check=True, capture_output=True, text=True, env=environment)
    assert loaded.stdout.strip() == "[]"


def test_a_pool_is_added_from_standard_input_described_and_searched(tmp_path: Path) -> None:
    laud = Laud(workspace=tmp_path / "workspace")
    lines = [row["text"] for row in sample_rows(30)]
    given = "\n".join([*lines, lines[0].upper(), "", "x" * 20_001]) + "\n"
    added = laud("pool", "add", "-", "--name", "lines", "--json", stdin=given.encode()).json
    assert added["pool"] == "lines"
    assert added["rows"] == added["added"] + added["duplicates"] + len(added["skipped"])
    assert (added["added"], added["duplicates"]) == (len(lines), 1)
    assert [set(skipped) for skipped in added["skipped"]] == [{"row", "reason"}] * len(added["skipped"])
    assert added["skipped"][-1]["row"] == len(lines) + 3
    assert added["seconds"] > 0
    described = laud.here("pool", "describe", "lines", "--json").json["description"]
    assert described["pool"]["texts"] == len(lines)
    assert described["duplicates"] == 1
    assert described["lengths"]["characters"]["max"] == max(map(len, lines))
    assert {"scripts", "languages", "near_duplicates", "outliers", "themes", "warning"} <= set(described)
    hits = laud.here("pool", "search", "lines", "nappies for babies", "--limit", "5", "--json").json["hits"]
    assert [set(hit) for hit in hits] == [{"id", "text", "similarity"}] * 5
    baby = {row["text"] for row in sample_rows(30) if row["category"] == "baby care"}
    assert hits[0]["text"] in baby
    assert [hit["similarity"] for hit in hits] == sorted((hit["similarity"] for hit in hits), reverse=True)
    word = lines[0].split()[0]
    exact = laud.here("pool", "search", "lines", "something", "--exact", word, "--json").json["hits"]
    assert lines[0] in [hit["text"] for hit in exact]
    assert all(word.casefold() in hit["text"].casefold() for hit in exact)


def test_a_task_of_flags_and_its_next_version(laud: Laud, tmp_path: Path) -> None:
    flags = ("--pool", "receipts", "--name", "soap", "--describe", "Find soap.", "--classes", "soap, other")
    task = laud.here("task", "create", *flags, "--json").json["task"]
    assert [one["name"] for one in task["classes"]] == ["soap", "other"]
    assert (task["positive"], task["rest"], task["guideline_version"]) == ("soap", "other", 1)
    definitions = tmp_path / "definitions.yaml"
    definitions.write_text("soap: For washing hands.\n", encoding="utf-8")
    task = laud.here("task", "create", *flags, "--definitions", definitions, "--json").json["task"]
    assert task["classes"][0]["definition"] == "For washing hands."
    assert task["guideline_version"] == 2


def test_a_run_tells_its_rounds_its_stop_and_where_the_model_lies(trained: tuple[Laud, dict[str, Any]]) -> None:
    laud, ran = trained
    assert ran["task"] == "baby-care"
    assert [one["round"] for one in ran["rounds"]] == [0, 1, 2, 3]
    assert [one["labels"] for one in ran["rounds"]] == [16, 22, 28, 34]
    for one in ran["rounds"]:
        assert {"round", "labels", "oracle_calls", "cost", "scores", "seconds"} <= set(one)
        scores = one["scores"]
        assert {"accuracy", "macro_f1", "precision", "recall", "low", "high"} <= set(scores)
        assert 0 <= scores["low"] <= scores["f1"] <= scores["high"] <= 1
        assert (scores["basis"], scores["n"]) == ("gold", 24)
    assert ran["rounds"][0]["oracle_calls"] == ran["seed_calls"] >= 16
    assert ran["stop"] == {"rule": "labels=34", "reason": "34 training labels are held, the limit was 34"}
    assert ran["gold_labels"] == 24
    assert Path(ran["model"]["path"], "laud.json").is_file()
    assert "<html" in Path(ran["report"]).read_text(encoding="utf-8")
    told = laud.here("status", "baby-care", "--json").json["tasks"]
    assert told == [{"pool": "receipts", **ran, "report": None}]
    assert laud.here("status", "--json").json["pools"][0]["texts"] == len(sample_rows())


def test_the_same_command_again_changes_nothing(laud: Laud, trained: tuple[Laud, dict[str, Any]]) -> None:
    first, ran = trained
    wanted = end_state(first.workspace)
    again = laud.here(*RUN).json
    assert end_state(laud.workspace) == wanted, "the same seed gives the same picks and scores"
    assert laud.here(*RUN).json == {**again, "zero_shot": ran["zero_shot"]}
    assert end_state(laud.workspace) == wanted


def test_another_seed_draws_another_sample(laud: Laud, trained: tuple[Laud, dict[str, Any]]) -> None:
    one_round = ("--learner", "head", "--gold", "24", "--labels", "16")
    assert laud.here("run", "baby-care", *one_round, "--seed", "1", "--json").json
    assert end_state(laud.workspace)["gold"] != end_state(trained[0].workspace)["gold"]


def test_a_model_is_judged_on_a_labeled_file(trained: tuple[Laud, dict[str, Any]], tmp_path: Path) -> None:
    laud, ran = trained
    file = write_csv(tmp_path / "test.csv", sample_rows(60))
    options = ("--test", file, "--label-column", "category", "--json")
    judged = laud.here("evaluate", "baby-care", *options).json
    assert judged["n"] == 100
    assert judged["model"] == ran["model"]["id"]
    assert set(judged["per_class"]) == {"baby care", "other"}
    assert judged["per_class"]["baby care"]["support"] == 40
    for name in ("accuracy", "macro_f1", "average_precision"):
        low, high = judged["intervals"][name]
        assert low <= judged[name] <= high
    assert sum(map(sum, judged["confusion"])) == 100
    assert judged["average_precision"] > 0.3


def test_predictions_go_to_csv_and_jsonl(trained: tuple[Laud, dict[str, Any]], tmp_path: Path) -> None:
    laud, ran = trained
    given = sample_rows(20)
    source = write_csv(tmp_path / "given.csv", given)
    done = laud.here("predict", "baby-care", source, "--out", tmp_path / "all.csv", "--json").json
    assert done["predicted"]["model"] == ran["model"]["id"]
    assert done["predicted"]["rows"] == sum(done["predicted"]["counts"].values()) == len(given)
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["id"] for row in written] == [row["id"] for row in given]
    assert [row["row"] for row in written] == [str(number) for number in range(1, len(given) + 1)]
    assert {row["label"] for row in written} <= {"baby care", "other"}
    piped = b"text\n=SUM(1)+nappies\n\nmilk\n"
    out = tmp_path / "some.jsonl"
    done = laud.here("predict", ran["model"]["id"], "-", "--out", out, "--json", stdin=piped).json["predicted"]
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == ["=SUM(1)+nappies", "milk"]
    assert done["rows"] == 2
    for line in lines:
        shares = {name: float(line[f"p:{name}"]) for name in ("baby care", "other")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
        assert float(line["probability"]) == shares[line["label"]]


def test_labels_and_predictions_of_the_pool_are_taken_along(
    trained: tuple[Laud, dict[str, Any]], tmp_path: Path
) -> None:
    laud, _ = trained
    for part in ("labels", "predictions", "card"):
        [path] = laud.here("export", "baby-care", "--format", part, "--out", tmp_path, "--json").json["paths"]
        assert Path(path).is_file()
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    assert sum(row["trained_on"] == "yes" for row in labels) == 34
    assert sum(row["role"] == "gold" for row in labels) == 24
    assert {row["source"] for row in labels} == {"replay:category"}
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(sample_rows())


def test_a_loop_waits_for_a_person_who_answers_through_a_file(laud: Laud, tmp_path: Path) -> None:
    category = {row["text"]: "baby care" if row["category"] == "baby care" else "other" for row in sample_rows()}
    command = ("run", "baby-care", "--learner", "head", "--oracle", "human", "--gold", "4", "--labels", "4")
    trips = 0
    while (ran := laud.here(*command, "--batch", "4", "--json").json)["stop"]["rule"] == "waiting":
        assert "wait for a label" in ran["stop"]["reason"]
        batch = tmp_path / f"batch-{trips}.{'csv' if trips % 2 else 'jsonl'}"
        count = laud.here("label", "export", "baby-care", "--out", batch, "--json").json["texts"]
        assert count
        fill_in(batch, category)
        imported = laud.here("label", "import", "baby-care", batch, "--json").json["imported"]
        assert (imported["labels"], imported["unlabeled"], imported["problems"]) == (count, 0, [])
        trips += 1
        assert trips < 20
    assert trips >= 2
    assert ran["stop"]["rule"] == "labels=4"
    assert ran["gold_labels"] == 4
    assert ran["model"]
    assert laud.here("label", "export", "baby-care", "--out", tmp_path / "none.csv", "--json").json["texts"] == 0
    keyed = laud.here("label", "baby-care", "--json").json
    assert keyed == {"answered": 0, "waiting": 0}


def fill_in(batch: Path, labels: dict[str, str]) -> None:
    """Label every row of a batch file."""
    content = batch.read_text(encoding="utf-8-sig")
    if batch.suffix == ".jsonl":
        rows = [json.loads(line) for line in content.splitlines()]
        lines = [json.dumps({**row, "label": labels[row["text"]]}) for row in rows]
        batch.write_text("\n".join(lines), encoding="utf-8")
        return
    header, *cells = list(csv.reader(content.splitlines()))
    text, label = header.index("text"), header.index("label")
    with batch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in cells:
            row[label] = labels[row[text].removeprefix("'")]
            writer.writerow(row)


def test_a_person_answers_at_the_prompt(laud: Laud) -> None:
    waiting = laud("run", "baby-care", "--oracle", "human", "--gold", "3", "--json", stdin=b"2\nother\n").json
    assert (waiting["stop"]["rule"], waiting["gold_labels"]) == ("waiting", 2)
    assert laud.here("label", "baby-care", "--json", stdin=b"u\n").json == {"answered": 1, "waiting": 0}
