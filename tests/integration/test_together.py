"""A model and a person who label one task: who is asked what, what it costs, and what a changed guideline asks again.

No text is encoded and nothing is trained: labels, opinions and checks are all there is to it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tools.answers import Purpose
from tools.beliefs import beliefs, weights_of
from tools.benefit import benefit
from tools.checks import ROUTED
from tools.doubts import put_again
from tools.engine.errors import NotEnoughLabels, UnknownName
from tools.engine.ports import Oracle
from tools.engine.records import Pick, Round, RoundStatus, Task, Text, TextId
from tools.gate import check, standing_of
from tools.labeling import ask, label_texts, waiting
from tools.oracles import open_oracle
from tools.pace import minutes_spent, seconds_a_label
from tools.pool import text_id
from tools.repair import accept, proposals, requeued
from tools.routing import HandTime, Routed
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

MODEL, PERSON = "replay:model@sure", "replay:person"
TEXTS = 400
POOL = "goods"


def rows() -> Iterator[tuple[str, dict[str, str]]]:
    """Goods with what a model and a person say of them.

    It takes half of the soy milk for dairy, and is less sure of soy; four mistakes it is sure of.
    """
    for number in range(TEXTS):
        kind = ("milk", "soy milk", "nail", "soy paint")[number % 4]
        person = "dairy" if kind == "milk" else "other"
        mistaken = kind == "soy milk" and number % 8 == 1
        said = "dairy" if mistaken else "other" if number % 100 == 0 else person
        sure = 0.6 - number / 10_000 if "soy" in kind else 0.9 + number / 10_000
        yield f"{kind} no {number}", {"person": person, "model": said, "sure": f"{sure:.4f}"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with open_workbench(Settings(workspace=tmp_path), write=True, attended=False) as opened:
        opened.pools.create(POOL, "none")
        opened.pools.begin_import(POOL, "made", "made")
        texts = [Text(id=text_id(text), text=text, fields=fields) for text, fields in rows()]
        opened.pools.add_rows(POOL, "made", texts, [], rows_done=len(texts))
        opened.pools.finish_import(POOL, "made")
        yield opened


@pytest.fixture
def task(bench: Workbench) -> Task:
    """A task whose model was checked."""
    made = create_task(bench, make_spec({"name": "goods", "pool": POOL, "classes": ["dairy", "other"]}))
    bench.rounds.save_gold(made.name, [])
    found = check(bench, made, open_oracle(bench, made, MODEL), open_oracle(bench, made, PERSON), seed=0)
    assert found.judgement is not None
    assert found.judgement.verdict != "more"
    return made


def unlabeled(bench: Workbench, task: Task) -> list[TextId]:
    return [i for i in bench.pools.text_ids(POOL) if i not in bench.labels.current(task.name)]


def truth(bench: Workbench) -> dict[TextId, str]:
    return {text.id: text.fields["person"] for text in bench.pools.texts(POOL)}


def both(
    bench: Workbench, task: Task, *, wanted: float, minutes: float | None = None, left: Callable[[], int | None] = int
) -> Routed:
    model, person = open_oracle(bench, task, MODEL), open_oracle(bench, task, PERSON)
    return Routed(bench, task, model, person, wanted=wanted, time=HandTime(minutes=minutes, labels=left))


def labeled(bench: Workbench, task: Task, oracle: Oracle, ids: list[TextId]) -> dict[TextId, tuple[str, str]]:
    """Class and source of what the oracle labels."""
    done = ask(bench, oracle, ids, Purpose(task=task, role="train", round=1))
    return {text: (str(label.answer.label), label.answer.source) for text, label in done.labels.items()}


def test_a_person_is_asked_what_the_model_is_unsure_of_and_the_quality_is_reached(bench: Workbench, task: Task) -> None:
    ids, true = unlabeled(bench, task), truth(bench)
    alone = open_oracle(bench, task, MODEL)
    first = np.mean([one.label == true[one.text_id] for one in alone.answers(bench.pools.texts(POOL, ids), task)])
    given = labeled(bench, task, both(bench, task, wanted=0.95), ids)
    hers = [text for text, (_, source) in given.items() if source == PERSON]
    right = np.mean([label == true[text] for text, (label, _) in given.items()])
    assert first < 0.9
    assert right >= 0.94
    assert 0 < len(hers) < 0.45 * len(ids), "at random it would take about six tenths"
    assert all(given[text][0] == true[text] for text in hers)


def test_her_time_is_the_limit_and_is_spread_over_all_labels(bench: Workbench, task: Task) -> None:
    ids = unlabeled(bench, task)[:200]
    minutes = minutes_spent(bench, task, lambda source: source == PERSON)
    assert minutes == pytest.approx(len(bench.labels.current(task.name)) * seconds_a_label(bench, task) / 60)
    left = list(ids)
    oracle = both(
        bench,
        task,
        wanted=1.0,
        minutes=minutes + 20 * seconds_a_label(bench, task) / 60,
        left=lambda: len(left),
    )
    hers = []
    while left:
        given = labeled(bench, task, oracle, left[:25])
        hers.append(sum(source == PERSON for _, source in given.values()))
        left = left[25:]
    assert sum(hers) in {19, 20, 21}
    assert max(hers) <= 3, "an even part of each batch"


def test_what_was_handed_to_her_stays_hers_while_she_is_away(bench: Workbench, task: Task) -> None:
    ids = unlabeled(bench, task)[:40]
    model = open_oracle(bench, task, MODEL)
    away = Routed(
        bench, task, model, open_oracle(bench, task, "human"), wanted=0.97, time=HandTime(minutes=None, labels=int)
    )
    first = ask(bench, away, ids, Purpose(task=task, role="train", round=1))
    assert first.unanswered
    votes = len(bench.opinions.of(task.name, purpose="vote"))
    again = ask(bench, away, ids, Purpose(task=task, role="train", round=1))
    assert again.unanswered == first.unanswered
    assert len(bench.opinions.of(task.name, purpose="vote")) == votes, "the model is not asked again"
    routed = {one.text_id for one in bench.opinions.of(task.name, purpose="vote") if one.variant == ROUTED}
    assert routed == set(first.unanswered)
    assert {text.id for text in waiting(bench, task)} == routed, "they wait at the desk as well"


def test_labels_weigh_what_the_checks_say_of_them(bench: Workbench, task: Task) -> None:
    labeled(bench, task, open_oracle(bench, task, MODEL), unlabeled(bench, task)[:80])
    labels = bench.labels.current(task.name)
    known = beliefs(bench, task, {text: one for text, one in labels.items() if one.answer.source == MODEL})
    texts = {text.id: text.text for text in bench.pools.texts(POOL)}
    said = {text: labels[text].answer.label for text in known}
    soy = [right for text, right in known.items() if "soy" in texts[text] and said[text] == "dairy"]
    milk = [right for text, right in known.items() if "soy" not in texts[text] and said[text] == "dairy"]
    assert max(soy) <= min(milk), "the model was surer of milk"
    assert np.mean(soy) < np.mean(milk) - 0.05
    weights = weights_of(bench, task, labels)
    assert weights is not None
    assert weights.min() >= 0.05
    assert {float(w) for w, one in zip(weights, labels.values(), strict=True) if one.answer.source == PERSON} == {1.0}
    other = create_task(bench, make_spec({"name": "unchecked", "pool": POOL, "classes": ["dairy", "other"]}))
    labeled(bench, other, open_oracle(bench, other, MODEL), bench.pools.text_ids(POOL)[:20])
    assert weights_of(bench, other, bench.labels.current("unchecked")) is None, "nothing was measured"


def test_costs_and_benefits(bench: Workbench, task: Task) -> None:
    found = benefit(bench, task, labels=1_000)
    alone, hand, together = found.ways
    judgement = standing_of(bench, task, MODEL).judgement
    assert judgement is not None
    assert (alone.who, hand.who, together.who) == ("model", "person", "both")
    assert alone.quality == judgement.accuracy
    assert alone.by_hand == judgement.checks < together.by_hand < hand.by_hand == 1_000
    assert alone.minutes < together.minutes < hand.minutes == pytest.approx(1_000 * seconds_a_label(bench, task) / 60)
    assert alone.quality.value < 0.95 <= together.quality.value + 1e-9
    assert found.advice.startswith("Both: 95.")
    short = benefit(bench, task, labels=1_000, minutes=alone.minutes + 2)
    assert short.ways[2].minutes == pytest.approx(alone.minutes + 2, abs=0.2)
    assert "not enough" in short.advice
    assert benefit(bench, task, labels=1_000, quality=0.7).advice.startswith("The model alone")
    with pytest.raises(UnknownName, match="was not checked"):
        benefit(bench, task, oracle="llm:a")
    create_task(bench, make_spec({"name": "fresh", "pool": POOL, "classes": ["dairy", "other"]}))
    with pytest.raises(NotEnoughLabels, match="Let one be checked first"):
        benefit(bench, bench.tasks.get("fresh"))


def test_a_repaired_guideline_asks_again_only_about_what_it_puts_in_doubt(bench: Workbench, task: Task) -> None:
    before = labeled(bench, task, open_oracle(bench, task, MODEL), unlabeled(bench, task))
    found = proposals(bench, task)
    assert [one.edit for one in found][:1] == ["dairy>other"]
    assert "Not: soy" in found[0].diff
    assert all(one.said == "dairy" and one.truth == "other" for one in found[0].disagreements)
    with pytest.raises(UnknownName, match="no edit 'x>y'"):
        accept(bench, task, ["x>y"])
    assert bench.tasks.get(task.name).guideline_version == task.guideline_version
    done = accept(bench, task, ["dairy>other"])
    assert done.task.guideline_version == task.guideline_version + 1
    texts = {text.id: text.text for text in bench.pools.texts(POOL)}
    expected = {
        text for text, (said, source) in before.items() if said == "dairy" and "soy" in texts[text] and source == MODEL
    }
    assert set(requeued(bench, done.task)) == expected
    assert done.requeued == found[0].in_doubt == len(expected) > 0
    labeled(bench, done.task, open_oracle(bench, done.task, PERSON), requeued(bench, done.task))
    assert requeued(bench, done.task) == []


def test_a_doubtful_label_waits_for_a_person_first(bench: Workbench, task: Task) -> None:
    one, two, *_ = unlabeled(bench, task)
    bench.rounds.save(
        task.name,
        Round(number=0, status=RoundStatus.SELECTED, strategy="cold-start", learner="head", seed=0),
        [Pick(text_id=text, score=1.0, strategy="cold-start") for text in (two, one)],
    )
    labeled(bench, task, open_oracle(bench, task, MODEL), [one])
    assert put_again(bench, task, [one]) == 1
    assert [text.id for text in waiting(bench, task)] == [one, two]
    assert put_again(bench, task, [one]) == 0, "it waits already"
    with pytest.raises(UnknownName, match="has no label"):
        put_again(bench, task, [two])
    label_texts(bench, task, {one: "other"})
    assert bench.labels.current(task.name)[one].answer.source == "human"
