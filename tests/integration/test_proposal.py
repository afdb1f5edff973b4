"""Proposals from a sentence and a pool, with the real encoder on lines of the sample and with one of random weights."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.laud_process import sample_rows, write_csv
from tests.support.small_loop import POOL, small_bench, small_run
from tools.engine.errors import AskAgain, InvalidTask, UnknownName
from tools.engine.overview import terms
from tools.engine.records import TextId
from tools.evaluation import ensure_gold
from tools.labeling import undo
from tools.pool import add_texts
from tools.proposal import Proposal, answer_questions, propose_task, questions
from tools.settings import Settings
from tools.task import ClassSpec, create_task, load_task_file, make_spec, write_task_file
from tools.training import training_labels
from tools.workbench import Workbench, open_workbench

OTHERS = 400
"""Lines without baby care in the pool."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Lines of the sample, embedded by the encoder that comes with LAUD."""
    folder = tmp_path_factory.mktemp("proposals")
    with open_workbench(Settings(workspace=folder / "workspace"), write=True) as bench:
        add_texts(bench, source=str(write_csv(folder / "lines.csv", sample_rows(OTHERS))), name=POOL)
        yield bench


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A small pool under an encoder that understands nothing."""
    with small_bench(tmp_path_factory.mktemp("tiny")) as bench:
        yield bench


@pytest.fixture(scope="module")
def found(bench: Workbench) -> Proposal:
    return propose_task(bench, POOL, "Find the baby products in receipts.csv")


# --- what is proposed -------------------------------------------------------------------------------------------------


def test_something_to_find_becomes_a_class_against_the_rest(found: Proposal) -> None:
    assert [one.name for one in found.classes] == ["baby products", "other"]
    assert (found.positive, found.rest, found.name, found.pool) == ("baby products", "other", "baby-products", POOL)
    assert found.description == "Find the baby products in receipts.csv"
    low, high = found.expected_share["baby products"]
    true = 40 / (40 + OTHERS)
    assert 0 < low <= true <= high < 1
    rest = found.expected_share["other"]
    assert rest == pytest.approx((1 - high, 1 - low))
    assert all(one.examples == () for one in found.classes), "nothing is an example before a person says so"
    assert "find 'baby products'" in found.notes[0]
    assert create_task_spec(found) == found.spec


def create_task_spec(found: Proposal) -> object:
    return make_spec(
        {
            "name": found.name,
            "pool": found.pool,
            "description": found.description,
            "classes": [{"name": c.name, "definition": c.definition} for c in found.classes],
        }
    )


def test_likely_texts_are_those_of_the_class_more_often_than_not(bench: Workbench) -> None:
    category = {row["text"]: row["category"] for row in sample_rows(OTHERS)}
    hits = 0
    for wish, truth in (
        ("find pet food", "pet care"),
        ("find frozen food", "frozen"),
        ("cleaning products", "household & cleaning"),
    ):
        likely = propose_task(bench, POOL, wish).likely
        [texts] = likely.values()
        assert len(texts) == len(set(texts)) == 5
        hits += sum(category[text] == truth for text in texts)
    assert hits >= 11, "of 15, where one line in fifteen is of its class"


def test_definitions_are_words_of_the_pool(bench: Workbench) -> None:
    pool = {word for text in bench.pools.texts(POOL) for word in terms(text.text)}
    drinks = propose_task(bench, POOL, "sort into meat, drinks and toiletries")
    defined = {one.name: one.definition for one in drinks.classes}
    assert list(defined) == ["meat", "drinks", "toiletries"]
    words = [word for definition in defined.values() for word in definition.split(", ") if word]
    assert words
    assert set(words) <= pool
    assert len(words) == len(set(words)), "each word stands for one class"
    assert (drinks.positive, drinks.rest) == (None, None), "a closed set stays closed"


def test_the_questions_are_torn_and_differ_and_some_hang_on_a_word_alone(bench: Workbench, found: Proposal) -> None:
    assert len(found.questions) == 3
    assert all(one.choices == ("baby products", "other") for one in found.questions)
    ids = bench.pools.text_ids(POOL)
    vectors = np.asarray(bench.vectors.matrix(bench.pools.get(POOL), ids), dtype=np.float32)
    rows = vectors[[ids.index(one.id) for one in found.questions]]
    between = rows @ rows.T
    assert between[~np.eye(3, dtype=np.bool_)].max() < 0.95
    assert all("torn between" in one.why or "by a word of that name alone" in one.why for one in found.questions)
    asked = {one.text for wish in ("find baby products", "find milk", "find the baby care products")
             for one in propose_task(bench, POOL, wish).questions if "by a word" in one.why}  # fmt: skip
    assert asked
    assert all({"baby", "milk"} & set(terms(text)) for text in asked)
    category = {row["text"]: row["category"] for row in sample_rows(OTHERS)}
    assert {category[text] for text in asked} - {"baby care", "dairy & eggs"}, "such as baby carrots"


def test_without_class_names_the_themes_of_the_pool_are_proposed(bench: Workbench) -> None:
    themes = propose_task(bench, POOL, "sort these lines by department into 5 groups")
    *groups, rest = themes.classes
    assert len(groups) == 5
    assert (rest.name, themes.rest, themes.positive, themes.name) == ("other", "other", None, "department")
    assert len({one.name for one in groups}) == 5
    for one in groups:
        assert set(one.name.split(" & ")) <= set(one.definition.split(", "))
        assert one.examples
    assert "No classes are named" in themes.notes[0]
    assert "'department'" in themes.notes[0]
    assert themes.spec.classes[0].examples == list(groups[0].examples)


def test_the_same_seed_gives_the_same_proposal(bench: Workbench, found: Proposal) -> None:
    assert propose_task(bench, POOL, "Find the baby products in receipts.csv") == found
    themes = [propose_task(bench, POOL, "sort them", seed=seed) for seed in (1, 1, 2)]
    assert themes[0] == themes[1]
    assert themes[0] != themes[2]


def test_nothing_is_stored(bench: Workbench, found: Proposal) -> None:
    assert found.questions
    assert "baby-products" not in bench.tasks.names()
    assert not (bench.folder / "zero_shot").exists()


# --- names and classes that are given ---------------------------------------------------------------------------------


def test_classes_that_are_given_are_kept_with_their_definitions(tiny: Workbench) -> None:
    given = propose_task(tiny, POOL, "sort them", ["figures", ClassSpec(name="words", definition="No digit.")])
    assert [(one.name, one.definition) for one in given.classes][1] == ("words", "No digit.")
    alone = propose_task(tiny, POOL, "what matters", ["figures"])
    assert ([one.name for one in alone.classes], alone.positive) == (["figures", "other"], "figures")


@pytest.mark.parametrize(
    ("request_", "classes", "error"),
    [
        ("", None, AskAgain),
        ("sort them", ["a", "A"], InvalidTask),
        ("sort them", ["a", " "], InvalidTask),
        ("find other", None, InvalidTask),
        ("sort them", ["x" * 200, "b"], InvalidTask),
    ],
)
def test_what_makes_no_task_is_refused(
    tiny: Workbench, request_: str, classes: list[str] | None, error: type[AskAgain]
) -> None:
    with pytest.raises(error):
        propose_task(tiny, POOL, request_, classes)
    with pytest.raises(UnknownName, match="no pool 'bills'"):
        propose_task(tiny, "bills", "find soap")


def test_names_do_not_meet_those_of_other_tasks(tiny: Workbench) -> None:
    first = propose_task(tiny, POOL, "find the soap")
    create_task(tiny, first.spec)
    assert propose_task(tiny, POOL, "find the soap").name == "soap", "the same task, to be changed"
    create_task(tiny, make_spec({"name": "salt", "pool": POOL, "classes": ["a", "b"]}))
    create_task(tiny, make_spec({"name": "salt-2", "pool": POOL, "classes": ["a", "b"]}))
    assert propose_task(tiny, POOL, "find the salt").name == "salt-3"
    assert propose_task(tiny, POOL, "find ☕ !").name == "task"


def test_a_proposal_goes_through_a_task_file(tiny: Workbench, tmp_path: Path) -> None:
    made = propose_task(tiny, POOL, "find the soap & the salt")
    write_task_file(tmp_path / "task.yaml", made.spec)
    assert load_task_file(tmp_path / "task.yaml") == made.spec


# --- answers ----------------------------------------------------------------------------------------------------------


def test_the_loop_learns_from_answers_and_never_asks_about_them_again(tiny: Workbench) -> None:
    spec = make_spec(
        {"name": "answered", "pool": POOL, "classes": ["figures", "words"], "rest": "words", "oracle": "replay:figures"}
    )
    task = create_task(tiny, spec)
    asked = questions(tiny, task)
    assert 1 <= len(asked) <= 3
    truth = {text.id: text.fields["figures"] for text in tiny.pools.texts(POOL)}
    answered = answer_questions(tiny, task, {one.id: truth[one.id] for one in asked}, person="ada").task
    assert answered.guideline_version == task.guideline_version + 1
    assert not {one.id for one in questions(tiny, answered)} & {one.id for one in asked}, "others are asked now"
    result = small_run(tiny, answered)
    assert result.labels == 32
    learnt = training_labels(tiny, answered)
    assert {one.id for one in asked} <= learnt.keys()
    gold = {item.text_id for item in tiny.rounds.gold("answered") or []}
    assert not gold & {one.id for one in asked}
    times = [label.text_id for label in tiny.labels.history("answered")]
    assert len(times) == len(set(times)), "no text was asked about twice"
    history = {label.text_id: label.answer.source for label in tiny.labels.history("answered")}
    assert {history[one.id] for one in asked} == {"human:ada"}
    late = questions(tiny, answered)
    assert not {one.id for one in late} & (gold | set(times))
    # In the loop an answer joins the latest round, and the next model learns from it.
    more = answer_questions(tiny, answered, {late[0].id: truth[late[0].id]}, person="ada").task
    assert late[0].id in training_labels(tiny, more)
    again = small_run(tiny, more, labels=40)
    assert again.labels == 40
    undone = undo(tiny, more, person="ada")
    assert [one.id for one in undone.withdrawn] == [late[0].id]
    assert late[0].id not in training_labels(tiny, more)


def test_examples_of_the_guideline_are_left_out_of_the_gold_sample(tiny: Workbench) -> None:
    texts = tiny.pools.texts(POOL)[:60]
    spec = make_spec(
        {
            "name": "spelled",
            "pool": POOL,
            "classes": [{"name": "figures", "examples": [text.text for text in texts]}, "words"],
        }
    )
    task = create_task(tiny, spec)
    drawn: set[TextId] = {item.text_id for item in ensure_gold(tiny, task, size=1_000, seed=0)}
    pool = tiny.pools.get(POOL).texts
    assert len(drawn) == (pool - 60) // 3
    assert not drawn & {text.id for text in texts}
    assert dataclasses.is_dataclass(task)
