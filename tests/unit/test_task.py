"""Tasks as people write them: what is refused and in which words, what is inferred, what may change later."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.stored import NOW, make_label, make_text
from tools.engine.errors import InvalidTask, UnknownName, UnreadableInput
from tools.engine.records import DeskSettings
from tools.engine.stopping import InvalidRule
from tools.settings import Settings
from tools.task import (
    DeskSpec,
    TaskSpec,
    create_task,
    load_task_file,
    make_spec,
    set_desk,
    with_inferred_roles,
    write_task_file,
)
from tools.workbench import Workbench, open_workbench

GIVEN = {"name": "babies", "pool": "receipts", "description": "Find them.", "classes": ["baby", "other"]}


def spec(**changes: Any) -> TaskSpec:
    return make_spec({**GIVEN, **changes})


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    """A workbench with two pools of one text."""
    with open_workbench(Settings(workspace=workspace), clock=lambda: NOW) as bench:
        for pool in ("receipts", "invoices"):
            bench.pools.create(pool, "no-encoder")
            bench.pools.begin_import(pool, "print", "lines.txt")
            bench.pools.add_rows(pool, "print", [make_text(1)], [], rows_done=1)
        yield bench


# --- validation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ["baby"]}, "classes: List should have at least 2 items"),
        ({"classes": ["baby", "Baby"]}, "class names must differ, ignoring case: 'Baby', 'baby' is repeated"),
        ({"classes": ["baby", " baby "]}, "class names must differ, ignoring case"),
        ({"classes": ["baby", "  "]}, "classes.1.name: String should have at least 1 character"),
        ({"classes": ["baby", {"nam": "other"}]}, "classes.1.name: Field required"),
        ({"classes": ["baby", {"name": "other", "weight": 2}]}, "classes.1.weight: Extra inputs"),
        ({"classes": 7}, "classes: Input should be a valid list"),
        ({"positive": "babies"}, "positive is 'babies', which is none of the classes 'baby', 'other'"),
        ({"rest": "none"}, "rest is 'none', which is none of the classes"),
        ({"positive": "baby", "rest": "baby"}, "'baby' cannot be both the positive class and the rest"),
        ({"name": "../babies"}, "name: String should match pattern"),
        ({"name": ""}, "name: String should"),
        ({"budget": -1}, "budget: Input should be greater than or equal to 0"),
        ({"desk": {"overlap": 0}}, "desk.overlap: Input should be greater than or equal to 1"),
        ({"desk": {"overlaps": 2}}, "desk.overlaps: Extra inputs are not permitted"),
        ({"desk": {"blind_share": 2}}, "desk.blind_share: Input should be less than or equal to 1"),
        ({"colour": "blue"}, "colour: Extra inputs are not permitted"),
        ({"pool": None}, "pool: Input should be a valid string"),
    ],
)
def test_a_task_that_contradicts_itself_is_refused_with_the_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidTask) as caught:
        spec(**changes)
    assert str(caught.value).startswith("the task: ")
    assert said in str(caught.value)


def test_classes_are_names_a_mapping_or_spelled_out() -> None:
    spelled = [{"name": "baby", "definition": "For babies."}, {"name": "other"}]
    assert spec(classes={"baby": "For babies.", "other": None}).classes == spec(classes=spelled).classes
    assert [one.name for one in spec(classes=[1, True, 2.5, " baby "]).classes] == ["1", "True", "2.5", "baby"]
    assert spec(stop="plateau").stop == ["plateau"]


# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "given", "positive", "rest"),
    [
        (["baby", "other"], {}, "baby", "other"),
        (["Rest", "baby"], {}, "baby", "Rest"),
        (["baby", "everything else"], {}, "baby", "everything else"),
        (["baby", "food"], {}, None, None),
        (["baby", "food"], {"positive": "food"}, "food", "baby"),
        (["baby", "food"], {"rest": "food"}, "baby", "food"),
        (["baby", "other"], {"positive": "other"}, "other", "baby"),
        (["baby", "food", "other"], {}, None, "other"),
        (["baby", "food", "other"], {"positive": "food"}, "food", "other"),
        (["baby", "food", "drink"], {"positive": "food"}, "food", None),
    ],
)
def test_the_rest_and_the_positive_class_are_inferred_where_there_is_no_doubt(
    classes: list[str], given: dict[str, str], positive: str | None, rest: str | None
) -> None:
    inferred = with_inferred_roles(spec(classes=classes, **given))
    assert (inferred.positive, inferred.rest) == (positive, rest)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_and_its_definitions(tmp_path: Path) -> None:
    task, definitions = tmp_path / "task.yaml", tmp_path / "definitions.yaml"
    task.write_text("name: babies\npool: receipts\nclasses: {baby: Old., other: ''}\n", encoding="utf-8")
    definitions.write_text("baby: '  For babies. '\n", encoding="utf-8")
    assert [one.definition for one in load_task_file(task).classes] == ["Old.", ""]
    assert [one.definition for one in load_task_file(task, definitions).classes] == ["For babies.", ""]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"classes: [baby, other", "is not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "task.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableInput, match=said) as of_the_task:
        load_task_file(path)
    with pytest.raises(UnreadableInput, match=said) as of_the_definitions:
        make_spec(GIVEN, definitions=path)
    assert str(path) in str(of_the_task.value)
    assert str(path) in str(of_the_definitions.value)


def test_how_people_label_stands_in_the_task_file(bench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "task.yaml"
    path.write_text(
        "name: babies\npool: receipts\nclasses: [baby, other]\n"
        "desk: {overlap: 2, suggestions: true, blind_share: 0.5, known_share: 0.1, near_duplicates: false}\n",
        encoding="utf-8",
    )
    create_task(bench, load_task_file(path))
    wanted = DeskSettings(overlap=2, suggestions=True, blind_share=0.5, known_share=0.1, near_duplicates=False)
    assert bench.tasks.desk("babies") == wanted
    assert set_desk(bench, "babies", {"overlap": 3}) == replace(wanted, overlap=3), "what comes later holds"
    create_task(bench, spec(desk={"lease_seconds": 60}))
    assert bench.tasks.desk("babies") == replace(wanted, overlap=3, lease_seconds=60.0), "the rest stays as it is"
    create_task(bench, spec(description="Another one."))
    assert bench.tasks.desk("babies").overlap == 3
    with pytest.raises(InvalidTask, match="the desk: overlap: Input should be less than or equal to 20"):
        set_desk(bench, "babies", {"overlap": 21})
    written = tmp_path / "written.yaml"
    write_task_file(written, spec(desk={"overlap": 2}))
    assert load_task_file(written).desk == DeskSpec(overlap=2)


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "task.yaml"
    path.write_text("- baby\n", encoding="utf-8")
    with pytest.raises(InvalidTask, match="must hold a mapping with name, pool"):
        load_task_file(path)
    with pytest.raises(InvalidTask, match="must hold a mapping of class name to definition"):
        make_spec(GIVEN, definitions=path)
    path.write_text("babie: For babies.\n", encoding="utf-8")
    with pytest.raises(InvalidTask, match=r"defines 'babie', which is none of the classes 'baby', 'other'"):
        make_spec(GIVEN, definitions=path)
    with pytest.raises(InvalidTask, match=r"task\.yaml: name: Field required"):
        load_task_file(path)


# --- stored tasks -----------------------------------------------------------------------------------------------------


def test_a_new_guideline_keeps_the_labels(bench: Workbench) -> None:
    assert create_task(bench, spec()).guideline_version == 1
    bench.labels.append("babies", make_label(1))
    assert create_task(bench, spec()).guideline_version == 1, "the same task again is no change"
    changed = create_task(bench, spec(classes={"baby": "For babies.", "other": ""}))
    assert changed.guideline_version == 2
    assert create_task(bench, spec(description="Find all.")).guideline_version == 3
    assert bench.tasks.get("babies").description == "Find all."
    [label] = bench.labels.current("babies").values()
    assert (label.answer.label, label.guideline_version) == ("baby", 1)


@pytest.mark.parametrize("changes", [{"classes": ["baby", "food", "other"]}, {"pool": "invoices"}])
def test_classes_and_pool_stay_once_there_are_labels(bench: Workbench, changes: dict[str, Any]) -> None:
    create_task(bench, spec())
    create_task(bench, spec(**changes))
    create_task(bench, spec())
    bench.labels.append("babies", make_label(1))
    with pytest.raises(InvalidTask, match=r"holds 1 labels over pool 'receipts'.*'baby', 'other'.*another name"):
        create_task(bench, spec(**changes))
    assert bench.tasks.get("babies").class_names == ("baby", "other")


def test_an_unknown_pool_or_rule_is_refused_and_nothing_is_stored(bench: Workbench) -> None:
    with pytest.raises(UnknownName, match="invoices"):
        create_task(bench, spec(pool="bills"))
    with pytest.raises(InvalidRule, match="'when done' is not a stopping rule"):
        create_task(bench, spec(stop=["plateau", "when done"]))
    assert bench.tasks.names() == []
