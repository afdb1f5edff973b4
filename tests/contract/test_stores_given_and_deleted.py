"""What the stores of tasks and rounds do when a text is added to a round, and when a task is deleted."""

import dataclasses

import pytest

from tests.support.stored import TASK, make_label, make_model, make_round, make_text
from tools.adapters.sql import Database
from tools.engine.errors import UnknownName
from tools.engine.records import GoldItem, Pick, RoundStatus


def pick(number: int, strategy: str = "margin") -> Pick:
    return Pick(text_id=make_text(number).id, score=0.5, strategy=strategy)


def test_a_pick_is_added_behind_the_others_once_and_the_round_stays(filled: Database) -> None:
    rounds = filled.rounds
    closed = dataclasses.replace(make_round(1, labels=20), status=RoundStatus.CLOSED)
    rounds.save("babies", make_round(0), [])
    rounds.save("babies", closed, [pick(3), pick(1)])
    rounds.add_pick("babies", 0, pick(9, "given"))
    rounds.add_pick("babies", 1, pick(2, "given"))
    rounds.add_pick("babies", 1, pick(3, "given"))
    assert rounds.picks("babies", 0) == [pick(9, "given")]
    assert rounds.picks("babies", 1) == [pick(3), pick(1), pick(2, "given")]
    assert rounds.rounds("babies")[1] == closed


def test_a_deleted_task_is_gone_with_all_that_hung_on_it_and_others_stay(filled: Database) -> None:
    other = dataclasses.replace(TASK, name="others")
    filled.tasks.save(other)
    filled.tasks.save(dataclasses.replace(TASK, description="Find them all."))
    for name in ("babies", "others"):
        filled.rounds.save_gold(name, [GoldItem(text_id=make_text(1).id, stratum=0, weight=1.0)])
        filled.rounds.save(name, make_round(0), [pick(2)])
        filled.rounds.save_model(make_model(f"{name}-0", task=name))
        filled.labels.append(name, make_label(2, cost=0.5))
    filled.tasks.delete("babies")
    assert filled.tasks.names() == ["others"]
    assert filled.labels.history("babies") == []
    assert filled.labels.spent("babies") == 0
    assert filled.rounds.rounds("babies") == []
    assert filled.rounds.picks("babies", 0) == []
    assert filled.rounds.models("babies") == []
    assert filled.rounds.gold("babies") is None
    with pytest.raises(UnknownName, match="no model 'babies-0'"):
        filled.rounds.model("babies-0")
    assert (len(filled.labels.history("others")), len(filled.rounds.picks("others", 0))) == (1, 1)
    assert filled.rounds.gold("others") is not None
    assert filled.rounds.model("others-0").task == "others"
    assert filled.pools.names() == ["receipts"]
    assert filled.tasks.save(TASK).guideline_version == 1, "a new one begins anew"


def test_a_task_that_is_not_there_cannot_be_deleted(filled: Database) -> None:
    with pytest.raises(UnknownName, match=r"no task 'toys'.*'babies'"):
        filled.tasks.delete("toys")
    assert filled.tasks.get("babies").guideline_version == 1
