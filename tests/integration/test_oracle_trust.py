"""Oracles that are checked, chained, put to a vote and asked again, in this process over a small pool."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.laud_process import write_csv
from tests.support.tiny_encoder import write_tiny_encoder
from tools.answers import Purpose
from tools.checks import calibration_of, judged_by_people
from tools.consistency import look_back, steadiness_of
from tools.engine.errors import AskAgain, UnreadableInput
from tools.engine.ports import Oracle
from tools.engine.records import Answer, Task, Text, TextId
from tools.gate import FRESH, MOST, PORTION, advice, check, portion, prepare, standing_of, trusted
from tools.labeling import ask, label_texts, spent_on, waiting
from tools.oracles import open_oracle
from tools.plan import RunPlan
from tools.pool import add_texts, text_id
from tools.rounds import run
from tools.settings import Settings
from tools.standing import RunResult
from tools.task import create_task, make_spec
from tools.training import training_labels
from tools.workbench import Workbench, open_workbench

POOL = "notes"
CLASSES = ("red", "green")
TEXTS = 300


def rows() -> list[dict[str, str]]:
    """Notes with their class, and what three recorded oracles said of it.

    `weak` calls 60 % of the green ones red, and states 0.9 to 1 of whatever it says; `good` is right in 97 %, and
    surer where it is; `other` in 90 %, independent of it.
    """
    rng = np.random.default_rng(11)
    made = []
    for number in range(TEXTS):
        label = CLASSES[number % 2]
        weak = "red" if label == "green" and rng.random() < 0.6 else label
        good = label if rng.random() < 0.97 else CLASSES[1 - number % 2]
        other = label if rng.random() < 0.9 else CLASSES[1 - number % 2]
        made.append(
            {
                "text": f"{label if rng.random() < 0.95 else 'some'} note {number} {'x' * (number % 7)}",
                "label": label,
                "weak": weak,
                "weak_sure": f"{rng.uniform(0.9, 1.0):.3f}",
                "good": good,
                "good_sure": f"{rng.uniform(0.5, 1.0) if good == label else rng.uniform(0.3, 0.6):.3f}",
                "other": other,
                "words": "very",
            }
        )
    return made


@contextmanager
def notes_bench(folder: Path) -> Iterator[Workbench]:
    """A workbench with the notes; nobody sits at the terminal."""
    settings = Settings(
        workspace=folder / "workspace", encoder=str(write_tiny_encoder(folder / "encoder")), precision="float32"
    )
    with open_workbench(settings, write=True, attended=False) as opened:
        source = write_csv(folder / "notes.csv", rows())
        add_texts(opened, source=str(source), name=POOL, text_column="text")
        yield opened


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """One pool for all tests of this module; each makes a task of its own."""
    with notes_bench(tmp_path_factory.mktemp("trust")) as opened:
        yield opened


def task_of(bench: Workbench, name: str, oracle: str = "replay:good") -> Task:
    given = {"name": name, "pool": POOL, "classes": list(CLASSES), "description": "colors", "oracle": oracle}
    return create_task(bench, make_spec(given))


def truth() -> dict[TextId, str]:
    return {text_id(row["text"]): row["label"] for row in rows()}


def small(bench: Workbench, task: Task, **plan: object) -> RunResult:
    given = {"learner": "head", "gold": 30, "batch": 8, "labels": 140, "rounds": 2, **plan}
    return run(bench, RunPlan(task=task.name, **given))  # type: ignore[arg-type] # the fields of a plan


class Paid:
    """Recorded labels, at ten cents an answer."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self.asked = 0

    @property
    def source(self) -> str:
        """A name of its own."""
        return f"paid:{self._oracle.source}"

    def price(self, texts: Sequence[Text]) -> float:
        """Ten cents a text."""
        return 0.1 * len(texts)

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """As recorded."""
        for answer in self._oracle.answers(texts, task):
            self.asked += 1
            yield replace(answer, source=self.source, cost=0.1)


class FirstListed:
    """Names the class that stands first for every third text, and else what is recorded."""

    source = "first-listed"

    def __init__(self, labels: dict[TextId, str]) -> None:
        self._labels = labels

    def price(self, texts: Sequence[Text]) -> float:  # noqa: ARG002 - part of the port
        """Nothing."""
        return 0.0

    def answers(self, texts: Sequence[Text], task: Task) -> Iterator[Answer]:
        """As the classes are listed, or as recorded."""
        for text in texts:
            drawn = text.id[0] in "01234"
            label = task.class_names[0] if drawn else self._labels[text.id]
            yield Answer(text_id=text.id, outcome="label", label=label, source=self.source)


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_a_good_oracle_passes_and_the_checks_are_labels_to_learn_from(bench: Workbench) -> None:
    task = task_of(bench, "passes")
    result = small(bench, task, oracle="replay:good@good_sure", gate="replay:label")
    found = standing_of(bench, task, "replay:good@good_sure")
    assert found.judgement is not None
    assert found.judgement.verdict == "use"
    assert not found.waiting
    assert result.model is not None
    checked = judged_by_people(bench, task)
    assert len(checked) == found.judgement.checks >= PORTION
    assert checked.items() <= truth().items()
    assert checked.items() <= training_labels(bench, task).items()
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    assert not gold & checked.keys()
    bought = [one for one in bench.labels.current(task.name).values() if one.answer.source == "replay:good@good_sure"]
    learnt = [one for one in bought if one.role != "gold"]
    assert learnt
    raw = {one.text_id: one.confidence for one in bench.opinions.of(task.name, purpose="vote")}
    calibration = calibration_of(bench, task, "replay:good@good_sure")
    assert calibration is not None
    for one in learnt:
        assert one.answer.confidence == pytest.approx(
            calibration.probability(str(one.answer.label), raw[one.text_id]), abs=0.02
        )


def test_an_oracle_that_fails_on_a_class_is_named_within_100_checks(bench: Workbench) -> None:
    task = task_of(bench, "fails")
    oracle = open_oracle(bench, task, "replay:weak@weak_sure")
    found = check(bench, task, oracle, open_oracle(bench, task, "replay:label"), seed=1)
    assert found.judgement is not None
    assert found.judgement.verdict in {"above", "not"}
    assert "red" in found.judgement.weak, "what it calls red is often green"
    assert found.judgement.checks <= MOST
    assert "red" in advice(found)
    if found.judgement.verdict == "above":
        assert (
            found.judgement.calibration.probability("red", 0.95)
            < 0.8
            < found.judgement.calibration.probability("green", 0.95)
        )


def test_a_run_stops_before_an_oracle_that_is_no_good(bench: Workbench, tmp_path: Path) -> None:
    task = task_of(bench, "refused")
    coin = [{"text": row["text"], "label": CLASSES[n % 3 == 0]} for n, row in enumerate(rows())]
    file = write_csv(tmp_path / "coin.csv", coin)
    result = small(bench, task, oracle=f"replay:{file}:label", gate="replay:label", gold_oracle="replay:label")
    assert result.stop.rule == "oracle"
    assert "Do not use" in result.stop.reason
    assert not result.rounds, "nothing was bought for training"
    unchecked = small(bench, task, oracle=f"replay:{file}:label", gate="skip", gold_oracle="replay:label", labels=24)
    assert unchecked.rounds


def test_a_person_is_asked_first_and_the_run_goes_on_when_they_have_answered(bench: Workbench) -> None:
    task = task_of(bench, "person")
    known = truth()
    for turn in range(MOST // portion(MOST) + 1):
        result = small(bench, task, oracle="replay:good@good_sure", gate="human", gold_oracle="replay:label")
        if result.stop.rule != "waiting":
            break
        queue = [text.id for text in waiting(bench, task)]
        assert len([text for text in queue if text in known]) >= portion(len(judged_by_people(bench, task)))
        assert "the check of replay:good@good_sure" in result.stop.reason
        assert not result.rounds, f"asked for the {turn}th time before anything is bought"
        gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
        label_texts(bench, task, {text: known[text] for text in queue if text not in gold}, person="ann")
    assert result.stop.rule != "waiting"
    assert result.model is not None
    assert {bench.labels.current(task.name)[text].answer.source for text in judged_by_people(bench, task)} == {
        "human:ann"
    }


def test_the_sample_is_paid_once_and_counts_as_spent(bench: Workbench) -> None:
    task = task_of(bench, "paid")
    oracle = Paid(open_oracle(bench, task, "replay:good"))
    first = prepare(bench, task, oracle, seed=0)
    assert len(first.waiting) == PORTION
    assert oracle.asked == first.asked == TEXTS // 3
    assert spent_on(bench, task) == pytest.approx(0.1 * oracle.asked)
    assert prepare(bench, task, oracle, seed=0) == first
    assert oracle.asked == first.asked, "nothing is asked twice"
    again = check(bench, task, oracle, open_oracle(bench, task, "replay:label"), seed=0, again=0)
    assert again.judgement is not None
    assert oracle.asked == first.asked


def test_a_check_is_repeated_on_fresh_texts(bench: Workbench) -> None:
    task = task_of(bench, "again")
    oracle, person = (open_oracle(bench, task, name) for name in ("replay:good", "replay:label"))
    before = check(bench, task, oracle, person, seed=0)
    assert before.judgement is not None
    later = check(bench, task, oracle, person, seed=0, again=1)
    assert later.judgement is not None
    assert later.judgement.checks == before.judgement.checks + PORTION
    assert later.asked == before.asked + FRESH
    once = check(bench, task, oracle, person, seed=0, again=1)
    assert (once.asked, once.judgement and once.judgement.checks) == (later.asked, later.judgement.checks)


def test_below_the_threshold_others_are_asked(bench: Workbench) -> None:
    task = task_of(bench, "above")
    oracle, person = (open_oracle(bench, task, name) for name in ("replay:weak@weak_sure", "replay:label"))
    found = check(bench, task, oracle, person, seed=3).judgement
    assert found is not None
    threshold = found.calibration.probability("red", 1.0) + 0.01
    passed = trusted(bench, task, oracle, replace(found, verdict="above", threshold=threshold), person)
    ids = [text for text in bench.pools.text_ids(POOL) if text not in bench.labels.current(task.name)][:60]
    asked = ask(bench, passed, ids, Purpose(task=task, role="seed", round=0))
    by_source = {one.answer.source: one for one in asked.labels.values()}
    assert set(by_source) == {"replay:weak@weak_sure", "replay:label"}
    for text, one in asked.labels.items():
        assert one.answer.source == "replay:label" or one.answer.label == "green"
        assert one.answer.source == "replay:weak@weak_sure" or one.answer.label == truth()[text]


# --- panels -----------------------------------------------------------------------------------------------------------


def test_the_second_oracle_is_asked_what_the_first_is_unsure_of(bench: Workbench) -> None:
    task = task_of(bench, "cascade")
    oracle = open_oracle(bench, task, "replay:good@good_sure > replay:label")
    assert oracle.source == "replay:good@good_sure>replay:label"
    ids = bench.pools.text_ids(POOL)[:100]
    asked = ask(bench, oracle, ids, Purpose(task=task, role="seed", round=0))
    sources = [one.answer.source for one in asked.labels.values()]
    assert sources.count("replay:good@good_sure") > 20
    assert sources.count("replay:label") > 20
    stated = {one.text_id: one.confidence for one in bench.opinions.of(task.name, purpose="vote")}
    for text, one in asked.labels.items():
        assert ((stated[text] or 0) >= 0.8) == (one.answer.source == "replay:good@good_sure")
    assert asked.labels.keys() == set(ids)


def test_a_vote_weighs_its_members_by_what_they_are_worth(bench: Workbench) -> None:
    task = task_of(bench, "vote")
    oracle = open_oracle(bench, task, "vote:replay:weak,replay:good,replay:other")
    ids = bench.pools.text_ids(POOL)[:120]
    asked = ask(bench, oracle, ids, Purpose(task=task, role="seed", round=0))
    known = truth()
    right = [one.answer.label == known[text] for text, one in asked.labels.items()]
    assert np.mean(right) > 0.95
    assert {one.answer.source for one in asked.labels.values()} == {"vote:replay:weak,replay:good,replay:other"}
    sure = [one.answer.confidence or 0 for one in asked.labels.values()]
    assert min(sure) < 0.9 < max(sure)
    assert len(bench.opinions.of(task.name, purpose="vote")) == 360


def test_each_member_of_a_panel_is_paid_once(bench: Workbench) -> None:
    task = task_of(bench, "dear")
    oracle = open_oracle(bench, task, "replay:good*3")
    ids = bench.pools.text_ids(POOL)[:10]
    asked = ask(bench, oracle, ids, Purpose(task=task, role="seed", round=0))
    assert {one.answer.confidence for one in asked.labels.values()} == {1.0}
    assert {one.answer.source for one in asked.labels.values()} == {"replay:good*3"}
    repeats = bench.opinions.of(task.name, purpose="repeat")
    assert len(repeats) == 30


@pytest.mark.parametrize("name", ["vote:replay:good", "vote:"])
def test_a_vote_of_one_is_none(bench: Workbench, name: str) -> None:
    task = task_of(bench, "lonely")
    with pytest.raises(AskAgain):
        open_oracle(bench, task, name)


def test_a_column_of_words_holds_no_confidences(bench: Workbench) -> None:
    task = task_of(bench, "worded")
    with pytest.raises(UnreadableInput, match="words"):
        open_oracle(bench, task, "replay:good@words")


# --- consistency ------------------------------------------------------------------------------------------------------


def labeled(bench: Workbench, task: Task, oracle: Oracle, count: int) -> list[TextId]:
    ids = bench.pools.text_ids(POOL)[:count]
    ask(bench, oracle, ids, Purpose(task=task, role="seed", round=0))
    return ids


def test_an_oracle_that_goes_by_the_order_of_classes_is_found_out(bench: Workbench) -> None:
    task = task_of(bench, "order")
    oracle = FirstListed(truth())
    labeled(bench, task, oracle, 150)
    for number in range(1, 16):
        look_back(bench, task, oracle, second=None, number=number, part=0.1, seed=0)
    found = steadiness_of(bench, task, oracle.source)
    assert found.by_paraphrase is not None
    assert found.by_paraphrase.value == 1.0
    assert found.by_order is not None
    assert found.by_order.value < 0.95
    assert found.position is not None
    assert found.position.low > 0.5


def test_what_differs_waits_for_a_person(bench: Workbench) -> None:
    task = task_of(bench, "doubt")
    oracle = FirstListed(truth())
    labeled(bench, task, oracle, 100)
    assert not waiting(bench, task)
    done = [look_back(bench, task, oracle, second=None, number=number, part=0.1, seed=1) for number in range(1, 6)]
    doubted = {text for one in done for text in one.open}
    assert doubted
    assert {text.id for text in waiting(bench, task)} == doubted
    assert not doubted & bench.labels.current(task.name).keys()
    label_texts(bench, task, {text: truth()[text] for text in doubted})
    assert not waiting(bench, task)
    assert {bench.labels.current(task.name)[text].answer.source for text in doubted} == {"human"}


def test_a_second_oracle_decides_between_two_answers(bench: Workbench) -> None:
    task = task_of(bench, "second")
    oracle, second = FirstListed(truth()), open_oracle(bench, task, "replay:label")
    labeled(bench, task, oracle, 100)
    done = [look_back(bench, task, oracle, second=second, number=number, part=0.1, seed=1) for number in range(1, 6)]
    differ = {text for one in done for text in one.differ}
    assert differ
    assert not any(one.open for one in done), "of two classes, the second oracle names one"
    current = bench.labels.current(task.name)
    assert all(current[text].answer.label == truth()[text] for text in differ)


def test_asking_again_for_the_same_round_asks_nothing(bench: Workbench) -> None:
    task = task_of(bench, "once")
    oracle = open_oracle(bench, task, "replay:good")
    labeled(bench, task, oracle, 60)
    first = look_back(bench, task, oracle, second=None, number=1, part=0.1, seed=1)
    assert first.asked == 6
    assert look_back(bench, task, oracle, second=None, number=1, part=0.1, seed=1).asked == 0
    assert look_back(bench, task, oracle, second=None, number=2, part=0.0, seed=1).asked == 0
    assert steadiness_of(bench, task, oracle.source).repeats == 6
