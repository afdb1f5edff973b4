"""Labels to other tools and back: the forms those tools read, nothing lost on the way, and what is refused."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.desk_room import TASK, Wall, furnish, text
from tools.answers import Purpose, keep
from tools.desk import Reply, Seat, answer, set_known
from tools.engine.errors import AskAgain, UnknownLabel, UnreadableInput
from tools.engine.exchanged import FORMS, LabelForm
from tools.engine.records import Answer, Task
from tools.exchange import export_labels, import_labels
from tools.labeling import label_texts
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

ADA, BOB = Seat(person="ada"), Seat(person="bob")


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    with open_workbench(Settings(workspace=workspace), clock=Wall()) as opened:
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Workbench]:
    """Another workspace, with the same pool."""
    with open_workbench(Settings(workspace=tmp_path / "elsewhere"), clock=Wall()) as opened:
        yield opened


def labeled(bench: Workbench) -> Task:
    """A task that two people label: agreement, a conflict, unsure, notes, a known answer, and one by a model."""
    task = furnish(bench, overlap=2)
    for seat, words in ((ADA, ("food", "food", "unsure")), (BOB, ("food", "toys", "unsure"))):
        for number, word in enumerate(words, start=1):
            note = f"{seat.person} says =1+1" if number == 2 else None
            answer(bench, task, seat, Reply(text_id=text(number), said=word, note=note, seconds=1.5))
    answer(bench, task, ADA, Reply(text_id=text(4), said="skip"))
    set_known(bench, task, {text(20): "drink"})
    by_model = Answer(text_id=text(5), outcome="label", label="drink", source="llm:gpt-x", confidence=0.8)
    keep(bench, by_model, Purpose(task=task, role="seed", round=0))
    return task


def state(bench: Workbench) -> dict[str, Any]:
    """All that is known of the labels of a workspace, but for the way it was stored."""
    opinions = sorted(
        (one.text_id, one.source, one.outcome, one.label or "", one.note or "", one.seconds, one.at)
        for one in bench.opinions.of(TASK)
    )
    # How probable an agreement was depends on what was known when it came about.
    labels = {
        i: (one.outcome, one.label, one.source, None if one.source == "consensus" else one.confidence)
        for i, one in ((i, label.answer) for i, label in bench.labels.current(TASK).items())
    }
    return {"opinions": opinions, "labels": labels}


def export(bench: Workbench, task: Task, folder: Path, form: LabelForm, **how: Any) -> Path:
    path = folder / f"labels-{form}"
    export_labels(bench, task, path, form=form, **how)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_what_goes_out_comes_back_with_all_that_was_known_of_it(
    bench: Workbench, elsewhere: Workbench, tmp_path: Path, form: LabelForm
) -> None:
    path = export(bench, labeled(bench), tmp_path, form)
    there = furnish(elsewhere, overlap=2)
    taken = import_labels(elsewhere, there, path, form=form)
    assert (taken.stored, taken.known, taken.problems) == (8, 1, ())
    assert taken.people == ("human:ada", "human:bob")
    assert state(elsewhere) == state(bench)
    again = import_labels(elsewhere, there, path, form=form)
    assert (again.stored, again.unchanged, again.known) == (0, 9, 0)
    assert state(elsewhere) == state(bench)


@pytest.mark.parametrize("form", FORMS)
def test_texts_that_wait_go_out_to_be_labeled(bench: Workbench, tmp_path: Path, form: LabelForm) -> None:
    task = furnish(bench)
    label_texts(bench, task, {text(1): "food"})
    assert export_labels(bench, task, tmp_path / "waiting", form=form, which="waiting") == 5
    assert export_labels(bench, task, tmp_path / "labeled", form=form, which="labeled") == 1
    with pytest.raises(AskAgain, match="there already"):
        export_labels(bench, task, tmp_path / "labeled", form=form)
    assert import_labels(bench, task, tmp_path / "waiting", form=form).unlabeled == 5


# --- as those tools have it -------------------------------------------------------------------------------------------


def test_label_studio_s_tasks_have_annotations_and_the_choice_tag_s_values(bench: Workbench, tmp_path: Path) -> None:
    tasks = json.loads(export(bench, labeled(bench), tmp_path, "label-studio").read_bytes())
    by_text = {one["data"]["text"]: one for one in tasks}
    one = by_text["text 2"]
    assert [a["result"][0]["value"] for a in one["annotations"]] == [{"choices": ["food"]}, {"choices": ["toys"]}]
    for annotation in one["annotations"]:
        choice, note = annotation["result"]
        assert (choice["from_name"], choice["to_name"], choice["type"]) == ("label", "text", "choices")
        assert (note["from_name"], note["type"]) == ("note", "textarea")
        assert annotation["lead_time"] == 1.5
        assert "completed_by" not in annotation, "Label Studio refuses a file that names strangers"
    assert by_text["text 3"]["annotations"][0]["was_cancelled"] is True
    assert by_text["text 20"]["annotations"][0]["ground_truth"] is True
    assert by_text["text 2"]["data"]["laud"]["label"] is None
    assert by_text["text 1"]["data"]["laud"]["source"] == "consensus"


LABEL_STUDIO = [
    {
        "id": 17,
        "data": {"text": "text 1"},
        "annotations": [
            {
                "id": 1001,
                "completed_by": {"id": 4, "email": "ada@example.org", "first_name": "Ada"},
                "result": [
                    {
                        "id": "Dx_aB91ISN",
                        "from_name": "sentiment",
                        "to_name": "txt",
                        "type": "choices",
                        "value": {"choices": ["Food"]},
                    }
                ],
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": "2021-03-09T22:16:08.728353Z",
                "lead_time": 4.288,
            }
        ],
        "predictions": [{"model_version": "model 1", "result": [], "score": 0.5}],
    },
    {"id": 18, "data": {"text": "text 2"}, "annotations": [{"completed_by": 10, "result": [], "was_cancelled": True}]},
    {"id": 19, "data": {"text": "text 3"}, "annotations": []},
    {"id": 20, "data": {"text": "not of this pool"}, "annotations": []},
    {"id": 21, "data": {"image": "https://example.org/1.jpg"}, "annotations": []},
    {
        "id": 22,
        "data": {"text": "text 4"},
        "annotations": [{"result": [{"type": "choices", "value": {"choices": ["food", "toys"]}}]}],
    },
]


def test_label_studio_s_own_export_is_read(bench: Workbench, tmp_path: Path) -> None:
    task = furnish(bench)
    path = tmp_path / "export.json"
    path.write_text(json.dumps(LABEL_STUDIO))
    taken = import_labels(bench, task, path, form="label-studio")
    assert (taken.stored, taken.unlabeled) == (2, 2)
    assert [(one.row, one.reason) for one in taken.problems] == [
        (4, "its text is none of the pool's"),
        (5, "its data have no `text`"),
        (6, "2 classes are chosen; a text has one"),
    ]
    held = bench.labels.current(TASK)
    first = held[text(1)]
    assert (first.answer.label, first.answer.source, first.answer.seconds) == ("food", "human:ada@example.org", 4.288)
    assert first.at.isoformat() == "2021-03-09T22:16:08.728353+00:00"
    assert (held[text(2)].answer.outcome, held[text(2)].answer.source) == ("skip", "human:10")


def test_argilla_s_records_have_responses_by_user(bench: Workbench, tmp_path: Path) -> None:
    records = json.loads(export(bench, labeled(bench), tmp_path, "argilla").read_bytes())
    keys = {"id", "fields", "metadata", "suggestions", "responses", "vectors", "status", "_server_id"}
    assert all(set(one) == keys for one in records)
    (one,) = [one for one in records if one["fields"]["text"] == "text 2"]
    assert [given["value"] for given in one["responses"]["label"]] == ["food", "toys"]
    users = [UUID(given["user_id"]) for given in one["responses"]["label"]]
    assert users == [UUID(given["user_id"]) for given in one["responses"]["note"]]
    assert len(set(users)) == 2
    assert one["status"] == "pending"
    assert all(isinstance(value, str) for value in one["metadata"].values()), "metadata hold plain values"


def test_argilla_s_own_records_are_read(bench: Workbench, tmp_path: Path) -> None:
    task = furnish(bench)
    path = tmp_path / "records.json"
    user = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    records = [
        {"id": "1", "fields": {"text": "text 1"}, "responses": {"label": [{"value": "toys", "user_id": user}]}},
        {
            "id": "2",
            "fields": {"text": "text 2"},
            "responses": {"label": [{"value": "toys", "user_id": user, "status": "draft"}]},
            "suggestions": {"label": {"value": "food", "score": 0.9, "agent": "model"}},
        },
        {
            "id": "3",
            "fields": {"text": "text 3"},
            "responses": {"label": [{"value": "toys", "user_id": user, "status": "discarded"}]},
        },
    ]
    path.write_text(json.dumps(records))
    taken = import_labels(bench, task, path, form="argilla")
    assert (taken.stored, taken.unlabeled, taken.people) == (2, 1, (f"human:{user}",))
    held = bench.labels.current(TASK)
    assert [(held[text(n)].answer.outcome, held[text(n)].answer.label) for n in (1, 3)] == [
        ("label", "toys"),
        ("skip", None),
    ]


def test_doccano_s_lines_have_a_list_of_labels_and_no_id_of_ours(bench: Workbench, tmp_path: Path) -> None:
    path = export(bench, labeled(bench), tmp_path, "doccano")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    by_text = {one["text"]: one for one in lines}
    assert (by_text["text 1"]["label"], by_text["text 3"]["label"]) == (["food"], [])
    assert not any("id" in one for one in lines)


def test_doccano_s_own_export_is_read_and_a_changed_label_is_a_new_answer(bench: Workbench, tmp_path: Path) -> None:
    task = furnish(bench)
    label_texts(bench, task, {text(1): "food"}, person="ada")
    path = export(bench, task, tmp_path, "doccano")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, one in enumerate(lines, start=501):
        one["id"] = number
        one["label"] = ["toys"] if one["text"] in {"text 1", "text 2"} else one["label"]
        one["Comments"] = ["looked twice"]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    taken = import_labels(bench, task, path, form="doccano", person="bob")
    assert (taken.stored, taken.unchanged, taken.people) == (2, 1, ("human:bob",))
    held = bench.labels.current(TASK)[text(1)].answer
    assert (held.label, held.source, held.note) == ("toys", "human:bob", "looked twice")


def test_a_plain_csv_needs_a_text_and_a_label(bench: Workbench, tmp_path: Path) -> None:
    task = furnish(bench)
    path = tmp_path / "labels.csv"
    path.write_text("text;label\ntext 1;Food\ntext 2;\nother;toys\n")
    taken = import_labels(bench, task, path, form="csv", person="ada")
    assert (taken.stored, taken.unlabeled, [one.row for one in taken.problems]) == (1, 1, [3])
    assert bench.labels.current(TASK)[text(1)].answer.source == "human:ada"


def test_cells_that_a_spreadsheet_would_run_are_marked_and_come_back_unmarked(
    bench: Workbench, elsewhere: Workbench, tmp_path: Path
) -> None:
    task = furnish(bench)
    answer(bench, task, ADA, Reply(text_id=text(1), said="food", note="=HYPERLINK(1)"))
    path = export(bench, task, tmp_path, "csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert [row["note"] for row in rows if row["note"]] == ["'=HYPERLINK(1)"]
    import_labels(elsewhere, furnish(elsewhere), path, form="csv")
    assert elsewhere.labels.current(TASK)[text(1)].answer.note == "=HYPERLINK(1)"


def test_what_was_only_imported_into_label_studio_stays_its_giver_s(bench: Workbench, tmp_path: Path) -> None:
    task = labeled(bench)
    path = export(bench, task, tmp_path, "label-studio")
    tasks = json.loads(path.read_bytes())
    for one in tasks:
        for annotation in one["annotations"]:
            annotation |= {"id": 7, "completed_by": 1, "created_at": "2030-01-01T00:00:00Z"}
    (changed,) = [one for one in tasks if one["data"]["text"] == "text 2"]
    changed["annotations"][1]["result"][0]["value"]["choices"] = ["drink"]
    path.write_text(json.dumps(tasks))
    taken = import_labels(bench, task, path, form="label-studio")
    assert (taken.stored, taken.people) == (1, ("human:1",)), "only the one that was changed there is new"


# --- refused ----------------------------------------------------------------------------------------------------------


def test_labels_outside_the_classes_stop_the_import(bench: Workbench, tmp_path: Path) -> None:
    task = furnish(bench)
    path = tmp_path / "labels.csv"
    path.write_text("text,label\ntext 1,food\ntext 2,fruit\n")
    with pytest.raises(UnknownLabel, match=r"row 2 'fruit'.*Nothing was imported"):
        import_labels(bench, task, path, form="csv")
    assert bench.labels.history(TASK) == []


def test_people_who_differ_are_not_silently_overruled(bench: Workbench, tmp_path: Path) -> None:
    task = furnish(bench)
    path = tmp_path / "labels.csv"
    path.write_text("text,who,said\ntext 1,human:ada,food\ntext 1,human:bob,toys\ntext 2,human:ada,food\n")
    with pytest.raises(AskAgain, match=r"differ about 1 texts.*overlap of its desk to 2"):
        import_labels(bench, task, path, form="csv")
    assert bench.labels.history(TASK) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"a": 1}', "a,b\n1,2\n", "\ufffe"])
def test_another_file_is_refused_in_words(bench: Workbench, tmp_path: Path, form: LabelForm, content: str) -> None:
    task = furnish(bench)
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    if form == "doccano" and content in {"", '{"a": 1}'}:  # no line, or one without a text
        assert import_labels(bench, task, path, form=form).stored == 0
    else:
        with pytest.raises(UnreadableInput, match=str(path)):
            import_labels(bench, task, path, form=form)
    with pytest.raises(UnreadableInput, match="no file"):
        import_labels(bench, task, tmp_path / "nothing", form=form)
