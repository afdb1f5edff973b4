"""What was paid for is kept: answers beyond their task, and offline batches with it."""

from dataclasses import replace

from tests.support.stored import NOW, TASK
from tools.adapters.sql import Database
from tools.engine.paid import OfflineBatch, OfflineText, PaidAnswer, under_way
from tools.engine.records import TextId

ONE = PaidAnswer(
    item="i1", outcome="label", label="käse", confidence=0.8, cost=0.02, owed=0.02, input_bytes=10, input_tokens=2.5,
    output_tokens=3.0,
)  # fmt: skip
TWO = PaidAnswer(item="i2", outcome="unsure", cost=0.01, owed=0.01)
BATCH = OfflineBatch(
    id="b1",
    task=TASK.name,
    model="m",
    guideline_version=1,
    path="/somewhere/b1.jsonl",
    texts=(
        OfflineText(text_id=TextId("t1"), role="seed", round=0),
        OfflineText(text_id=TextId("t2"), role="gold", round=0),
    ),
    most_dollars=0.5,
    state="written",
    at=NOW,
)


def test_an_answer_is_found_by_prompt_model_and_text_alone(database: Database) -> None:
    database.paid.keep("p", "m", [ONE, TWO])
    assert database.paid.find("p", "m", ["i1", "i2", "i3"]) == {"i1": ONE, "i2": TWO}
    assert database.paid.find("q", "m", ["i1"]) == database.paid.find("p", "n", ["i1"]) == {}


def test_what_was_settled_is_owed_no_more_and_a_newer_answer_replaces_one(database: Database) -> None:
    database.paid.keep("p", "m", [ONE])
    database.paid.keep("p", "m", [TWO], ["i1"])
    assert database.paid.find("p", "m", ["i1", "i2"]) == {"i1": replace(ONE, owed=0.0), "i2": TWO}
    database.paid.keep("p", "m", [replace(ONE, label="fruit")])
    assert database.paid.find("p", "m", ["i1"])["i1"].label == "fruit"


def test_many_answers_are_found_at_once(database: Database) -> None:
    many = [replace(TWO, item=f"n{n}") for n in range(1_203)]
    database.paid.keep("p", "m", many, [one.item for one in many])
    found = database.paid.find("p", "m", [one.item for one in many])
    assert len(found) == 1_203
    assert {one.owed for one in found.values()} == {0.01}, "settled before, and answered anew"


def test_the_latest_answers_with_counted_tokens_are_given_for_any_prompt(database: Database) -> None:
    database.paid.keep("p", "m", [ONE, TWO])
    database.paid.keep("q", "m", [ONE])
    assert database.paid.latest("m", limit=9) == [ONE, ONE]
    assert database.paid.latest("m", limit=1) == [ONE]
    assert database.paid.latest("other", limit=9) == []


def test_answers_outlive_their_task_and_batches_do_not(filled: Database) -> None:
    filled.paid.keep("p", "m", [ONE])
    filled.offline.save(BATCH)
    filled.tasks.delete(TASK.name)
    assert filled.paid.find("p", "m", ["i1"]) == {"i1": ONE}
    assert filled.offline.of(TASK.name) == []


def test_a_batch_is_stored_and_moves_on(filled: Database) -> None:
    filled.offline.save(BATCH)
    filled.offline.save(replace(BATCH, id="b2"))
    moved = replace(BATCH, state="submitted", remote="r1", state_there="in_progress")
    filled.offline.save(moved)
    assert filled.offline.of(TASK.name) == [moved, replace(BATCH, id="b2")]
    assert under_way(filled.offline.of(TASK.name)) == {"t1": moved, "t2": moved}
