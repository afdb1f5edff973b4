"""The contracts of the stores of pools, tasks, labels and rounds, over SQLite and over PostgreSQL."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from tests.support.stored import NOW, TASK, make_label, make_model, make_round, make_text
from tools.adapters.sql import Database
from tools.engine import scoring
from tools.engine.errors import UnknownName
from tools.engine.records import (
    Answer,
    GoldItem,
    Label,
    ModelId,
    Pick,
    Round,
    RoundStatus,
    SkippedRow,
    StopDecision,
    TextId,
)

# --- pools ----------------------------------------------------------------------------------------------------------


def test_a_pool_is_made_once(database: Database) -> None:
    made = database.pools.create("receipts", "tiny")
    assert (made.name, made.encoder, made.texts, made.created_at) == ("receipts", "tiny", 0, NOW)
    assert database.pools.create("receipts", "another") == made
    database.pools.create("Zoo", "tiny")
    database.pools.create("ähren", "tiny")
    assert database.pools.names() == ["Zoo", "receipts", "ähren"]


def test_an_unknown_pool_names_those_there_are(database: Database) -> None:
    with pytest.raises(UnknownName, match="none yet"):
        database.pools.get("x")
    database.pools.create("receipts", "tiny")
    with pytest.raises(UnknownName, match="'receipts'"):
        database.pools.get("x")
    with pytest.raises(UnknownName, match="'receipts'"):
        database.pools.begin_import("x", "f", "file.csv")


def test_texts_come_back_as_they_were_in_order_of_arrival(database: Database) -> None:
    pools = database.pools
    texts = [
        make_text(9, external_id="a-1", fields={"aisle": "7", "brand": "Ünï ☕"}),
        make_text(3, copies=4),
        dataclasses.replace(make_text(5), text='\'; DROP TABLE texts; --\n\t\u202e {"a": 1}'),
    ]
    pools.create("receipts", "tiny")
    pools.begin_import("receipts", "f", "file.csv")
    pools.add_rows("receipts", "f", texts[:2], [], rows_done=2)
    pools.add_rows("receipts", "f", texts[2:], [], rows_done=3)
    assert pools.texts("receipts") == texts
    assert pools.text_ids("receipts") == [t.id for t in texts]
    assert pools.texts("receipts", [texts[2].id, texts[0].id, texts[2].id]) == [texts[2], texts[0], texts[2]]
    assert pools.iter_texts("receipts", start=1, size=1) == texts[1:2]
    assert pools.iter_texts("receipts", start=1, size=9) == texts[1:]
    assert pools.iter_texts("receipts", start=3, size=9) == []
    assert pools.columns("receipts") == ["aisle", "brand"]
    assert pools.get("receipts").texts == 3
    with pytest.raises(UnknownName, match="no text with the id"):
        pools.texts("receipts", [TextId("nothing")])


def test_duplicates_fold_into_the_first_text_and_are_counted(database: Database) -> None:
    pools = database.pools
    pools.create("receipts", "tiny")
    assert pools.begin_import("receipts", "f", "file.csv") == 0
    twice = dataclasses.replace(make_text(1), text="another spelling", external_id="late")
    pools.add_rows(
        "receipts", "f", [make_text(1), twice, make_text(2)], [SkippedRow(row=4, reason="empty")], rows_done=4
    )
    assert pools.begin_import("receipts", "f", "file.csv") == 4
    pools.add_rows(
        "receipts", "f", [make_text(3), make_text(2), make_text(3)], [SkippedRow(row=8, reason="ж")], rows_done=8
    )
    assert [(t.text, t.copies) for t in pools.texts("receipts")] == [("text 1", 2), ("text 2", 2), ("text 3", 2)]
    totals = pools.import_totals("receipts", "f")
    assert (totals.rows, totals.added, totals.duplicates, totals.finished) == (8, 3, 3, False)
    assert totals.skipped == (SkippedRow(row=4, reason="empty"), SkippedRow(row=8, reason="ж"))
    pools.finish_import("receipts", "f")
    assert pools.import_totals("receipts", "f").finished


def test_imports_and_pools_are_counted_apart(database: Database) -> None:
    pools = database.pools
    for name in ("a", "b"):
        pools.create(name, "tiny")
        pools.begin_import(name, "f", "file.csv")
    pools.begin_import("a", "g", "other.csv")
    pools.add_rows("a", "f", [make_text(1)], [], rows_done=1)
    pools.add_rows("a", "g", [make_text(1), make_text(2)], [], rows_done=2)
    pools.add_rows("b", "f", [make_text(1)], [], rows_done=1)
    assert [(t.added, t.duplicates) for t in (pools.import_totals("a", "f"), pools.import_totals("a", "g"))] == [
        (1, 0),
        (1, 1),
    ]
    assert (pools.get("a").texts, pools.get("b").texts) == (2, 1)


def test_a_chunk_that_fails_leaves_nothing_behind(database: Database) -> None:
    database.pools.create("receipts", "tiny")
    with pytest.raises(ValueError, match="not begun"):
        database.pools.add_rows("receipts", "f", [make_text(1)], [], rows_done=1)
    assert database.pools.texts("receipts") == []


def test_thousands_of_ids_are_read_at_once(database: Database) -> None:
    texts = [make_text(n) for n in range(5_000)]
    database.pools.create("receipts", "tiny")
    database.pools.begin_import("receipts", "f", "file.csv")
    database.pools.add_rows("receipts", "f", texts, [], rows_done=5_000)
    backwards = [t.id for t in reversed(texts)]
    assert database.pools.texts("receipts", backwards) == texts[::-1]


# --- tasks ----------------------------------------------------------------------------------------------------------


def test_a_task_comes_back_as_it_was(filled: Database) -> None:
    assert filled.tasks.get("babies") == TASK
    assert filled.tasks.names() == ["babies"]
    with pytest.raises(UnknownName, match="'babies'"):
        filled.tasks.get("x")


def test_only_a_changed_guideline_gets_a_new_version(filled: Database) -> None:
    cheaper = dataclasses.replace(TASK, budget=None, oracle=None, stop=())
    assert filled.tasks.save(cheaper) == cheaper
    clearer = dataclasses.replace(cheaper, description="Clearer.")
    assert filled.tasks.save(clearer).guideline_version == 2
    assert filled.tasks.save(clearer).guideline_version == 2
    turned = dataclasses.replace(clearer, classes=clearer.classes[::-1])
    assert filled.tasks.save(turned) == dataclasses.replace(turned, guideline_version=3)
    assert filled.tasks.get("babies") == dataclasses.replace(turned, guideline_version=3)


# --- labels ---------------------------------------------------------------------------------------------------------


def test_the_newest_answer_of_a_text_holds(filled: Database) -> None:
    given_labels = [make_label(2), make_label(1), make_label(2, label="other"), make_label(3, "failed", note="timeout")]
    for label in given_labels:
        filled.labels.append("babies", label)
    assert list(filled.labels.current("babies").items()) == [
        (x.text_id, x) for x in (given_labels[2], given_labels[1], given_labels[3])
    ]
    assert filled.labels.history("babies") == given_labels


def test_a_withdrawn_answer_hides_the_earlier_ones_until_the_next(filled: Database) -> None:
    first, second = make_label(1, role="seed"), make_label(2)
    for label in (first, second, make_label(1, "withdrawn")):
        filled.labels.append("babies", label)
    assert filled.labels.current("babies") == {second.text_id: second}
    assert filled.labels.current("babies", "seed") == {}
    again = make_label(1, label="other")
    filled.labels.append("babies", again)
    assert list(filled.labels.current("babies").values()) == [again, second]


def test_labels_are_read_by_role_and_task(filled: Database) -> None:
    filled.tasks.save(dataclasses.replace(TASK, name="pets"))
    seed, gold = make_label(1, role="seed"), make_label(2, role="gold")
    for task, label in (("babies", seed), ("babies", gold), ("pets", make_label(3))):
        filled.labels.append(task, label)
    assert list(filled.labels.current("babies", "gold").values()) == [gold]
    assert list(filled.labels.current("babies")) == [seed.text_id, gold.text_id]
    assert filled.labels.current("nothing") == {}


def test_all_answers_count_as_spent_failed_ones_too(filled: Database) -> None:
    assert filled.labels.spent("babies") == 0.0
    for label in (make_label(1, cost=0.125), make_label(1, cost=0.25), make_label(2, "failed", cost=0.5)):
        filled.labels.append("babies", label)
    assert filled.labels.spent("babies") == 0.875


def test_a_moment_of_another_zone_is_kept_and_one_without_is_refused(filled: Database) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-7)))
    filled.labels.append("babies", dataclasses.replace(make_label(1), at=there))
    (kept,) = filled.labels.history("babies")
    assert (kept.at, kept.at.tzinfo) == (NOW, UTC)
    with pytest.raises(StatementError, match="time zone"):
        filled.labels.append("babies", dataclasses.replace(make_label(2), at=NOW.replace(tzinfo=None)))


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
numbers = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
answers = st.builds(
    Answer,
    text_id=words.map(TextId),
    outcome=st.sampled_from(["label", "unsure", "skip", "failed", "withdrawn"]),
    label=st.none() | words,
    confidence=st.none() | numbers,
    cost=numbers,
    seconds=numbers,
    source=words,
    model=st.none() | words,
    prompt_hash=st.none() | words,
    note=st.none() | words,
)
labels = st.builds(
    Label,
    answer=answers,
    role=st.sampled_from(["seed", "train", "gold"]),
    round=st.integers(0, 10_000),
    guideline_version=st.just(1),
    at=moments,
)
rounds = st.builds(
    Round,
    number=st.integers(0, 10_000),
    status=st.sampled_from(RoundStatus),
    strategy=words,
    learner=words,
    seed=st.integers(0, 2**63 - 1),
    labels=st.integers(0, 2**31 - 1),
    oracle_calls=st.integers(0, 2**31 - 1),
    cost=numbers,
    seconds=numbers,
    model_id=st.none() | words.map(ModelId),
    agreement=st.none() | numbers,
    stop=st.none() | st.builds(StopDecision, rule=words, reason=words),
)
# The database is shared by the examples on purpose: each looks only at what it added.
SHARED = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(label=labels)
def test_any_label_comes_back_equal(filled: Database, label: Label) -> None:
    filled.labels.append("babies", label)
    assert filled.labels.history("babies")[-1] == label


@SHARED
@given(round_=rounds)
def test_any_round_comes_back_equal(filled: Database, round_: Round) -> None:
    filled.rounds.save("babies", round_)
    assert round_ in filled.rounds.rounds("babies")


# --- rounds ---------------------------------------------------------------------------------------------------------


def test_rounds_come_back_in_order_with_their_scores(filled: Database) -> None:
    truth = np.array([0, 0, 1, 1, 1])
    scores = scoring.score(
        truth=truth,
        predicted=np.array([0, 1, 1, 1, 0]),
        classes=["baby", "other"],
        basis="gold",
        probabilities=np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9], [0.6, 0.4]]),
        positive="baby",
        threshold=1 / 3,
    )
    second, first = make_round(2, scores=scores, stop=StopDecision(rule="plateau", reason="flat")), make_round(1)
    for round_ in (second, first):
        filled.rounds.save("babies", round_)
    assert filled.rounds.rounds("babies") == [first, second]
    assert filled.rounds.rounds("pets") == []


def test_a_round_is_replaced_and_keeps_its_picks(filled: Database) -> None:
    picks = [
        Pick(text_id=TextId(i), score=score, strategy="margin")
        for i, score in (("b", -math.inf), ("a", 0.1), ("c", 3.5))
    ]
    filled.rounds.save("babies", make_round(1), picks)
    later = dataclasses.replace(make_round(1), status=RoundStatus.TRAINED, labels=16, model_id=ModelId("m"))
    filled.rounds.save("babies", later)
    assert filled.rounds.rounds("babies") == [later]
    assert filled.rounds.picks("babies", 1) == picks
    filled.rounds.save("babies", later, picks[1:])
    assert filled.rounds.picks("babies", 1) == picks[1:]
    assert filled.rounds.picks("babies", 2) == []


def test_a_gold_sample_is_drawn_once(filled: Database) -> None:
    items = [GoldItem(text_id=TextId(i), stratum=n, weight=1 / 3 + n) for n, i in enumerate("zax")]
    assert filled.rounds.gold("babies") is None
    filled.rounds.save_gold("babies", items)
    filled.tasks.save(dataclasses.replace(TASK, description="Changed."))
    assert filled.rounds.gold("babies") == items
    with pytest.raises(ValueError, match="already"):
        filled.rounds.save_gold("babies", items)


def test_an_empty_gold_sample_counts_as_drawn(filled: Database) -> None:
    filled.rounds.save_gold("babies", [])
    assert filled.rounds.gold("babies") == []


def test_models_come_back_oldest_first(filled: Database) -> None:
    filled.rounds.save_model(make_model("z"))
    filled.rounds.save_model(make_model("a", threshold=None))
    filled.rounds.save_model(make_model("z", labels=32))
    assert filled.rounds.models("babies") == [make_model("z", labels=32), make_model("a", threshold=None)]
    assert filled.rounds.model("a") == make_model("a", threshold=None)
    with pytest.raises(UnknownName, match="'a', 'z'"):
        filled.rounds.model("x")
