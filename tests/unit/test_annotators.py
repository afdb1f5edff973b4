"""How well people label: kappas and alpha of a task, each one's quality, and real crowds where the data is there."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.desk_room import TASK, Wall, furnish, text
from tools.annotators import agreement
from tools.desk import Reply, Seat, answer, set_known
from tools.engine.consensus import best, dawid_skene
from tools.engine.records import Answer, DeskSettings, Task
from tools.engine.shares import difference, share
from tools.opinions import opinion_of
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

CROWDS = Path(os.environ.get("LAUD_TEST_DATA", "nowhere"))
"""A folder with data sets of real annotators."""


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    with open_workbench(Settings(workspace=workspace), clock=Wall()) as opened:
        yield opened


def vote(bench: Workbench, task: Task, person: str, number: int, word: str) -> None:
    """A vote as it is stored; many of them are quicker so than through the desk."""
    one = Answer(text_id=text(number), outcome="label", label=word, source=f"human:{person}")
    bench.opinions.append(TASK, opinion_of(one, task, purpose="vote", at=bench.clock()))


def test_nobody_has_answered_yet(bench: Workbench) -> None:
    report = agreement(bench, furnish(bench))
    assert (report.texts, report.alpha, report.fleiss, report.pairs, report.annotators) == (0, None, None, (), ())
    assert (report.bias.shown, report.bias.effect) == (None, None)


def test_a_careless_person_is_told_from_careful_ones(bench: Workbench) -> None:
    task = furnish(bench, texts=120, picked=range(100), overlap=3)
    rng = np.random.default_rng(0)
    truth = rng.choice(["food", "drink", "toys"], size=100)
    for person, right in (("ada", 0.95), ("bob", 0.9), ("eve", 0.45)):
        for number in range(100):
            wrong = [name for name in ("food", "drink", "toys") if name != truth[number]]
            vote(bench, task, person, number, str(truth[number] if rng.random() < right else rng.choice(wrong)))
    report = agreement(bench, task)
    assert (report.texts, report.votes, report.fleiss_texts, report.fleiss_votes) == (100, 300, 100, 3)
    assert report.alpha is not None
    assert report.fleiss is not None
    assert report.alpha.value == pytest.approx(report.fleiss.value, abs=0.01)
    kappas = {(one.first[6:], one.second[6:]): one.kappa for one in report.pairs}
    assert kappas["ada", "bob"].value > 0.6
    assert kappas["ada", "bob"].low > kappas["ada", "eve"].high
    by_name = {one.source[6:]: one for one in report.annotators}
    for name, right in (("ada", 0.95), ("bob", 0.9), ("eve", 0.45)):
        found = by_name[name].accuracy
        assert found is not None
        assert found == pytest.approx(right, abs=0.1)
        assert np.allclose(np.sum(by_name[name].confusion, axis=1), 1)
    assert by_name["ada"].with_consensus is not None
    assert by_name["ada"].with_consensus.value > 0.85
    assert report == agreement(bench, task), "the same seed, the same intervals"


def test_people_are_judged_by_known_texts(bench: Workbench) -> None:
    task = furnish(bench)
    set_known(bench, task, {text(n): "food" for n in range(20, 30)})
    bench.tasks.set_desk(TASK, DeskSettings(known_share=1.0))
    for number in range(20, 30):
        answer(bench, task, Seat(person="ada"), Reply(text_id=text(number), said="food" if number < 28 else "toys"))
    (ada,) = agreement(bench, task).annotators
    assert ada.known_texts == 10
    assert ada.known is not None
    assert (ada.known.value, round(ada.known.low, 2), round(ada.known.high, 2)) == (0.8, 0.49, 0.94)


def test_shares_and_their_difference_are_the_textbook_s() -> None:
    # Newcombe 1998, table II, example (a): 56/70 less 48/80 is 0.2, by method 10 from 0.0524 to 0.3339.
    first, second = share(56, 70), share(48, 80)
    assert first is not None
    assert second is not None
    found = difference(first, second)
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert share(0, 0) is None


# --- real annotators, where the data sets are there -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["crowd_convabuse", "crowd_md_agreement"])
def test_where_the_consensus_of_a_real_crowd_is_sure_a_person_left_out_of_it_agrees_more(name: str) -> None:
    path = CROWDS / name / "annotations.parquet"
    if not path.exists():
        pytest.skip(f"LAUD_TEST_DATA names no folder that holds {name}")
    import pyarrow.parquet as pq  # noqa: PLC0415 - needed where the data is

    rows = pq.read_table(path, columns=["id", "annotator", "annotation"]).to_pylist()
    held_out = {row["id"]: row["annotation"] for row in rows}  # the last answer of each text
    places = {row["id"]: place for place, row in enumerate(rows)}
    votes = [(r["id"], r["annotator"], r["annotation"]) for place, r in enumerate(rows) if places[r["id"]] != place]
    shares = dawid_skene(votes, sorted(set(held_out.values()))).posterior
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for item, share_of in shares.items():
        label, sure = best(share_of)
        hits[sure >= 0.95].append(held_out[item] == label)
    assert min(map(len, hits.values())) > 100
    assert np.mean(hits[True]) > np.mean(hits[False]) + 0.15
