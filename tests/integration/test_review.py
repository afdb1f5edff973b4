"""What a task has come to: confusions, suspicious labels, why texts were picked, rounds against each other; its end."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from tests.support.small_loop import POOL, has_figure, small_bench, small_run, small_task
from tools import review
from tools.engine.errors import AskAgain, NotEnoughLabels, UnknownLabel, UnknownName
from tools.engine.records import Task, TextId
from tools.evaluation import latest_model
from tools.labeling import label_texts
from tools.pool import show_texts, similar
from tools.task import create_task, delete_task, make_spec, model_stem, report_path
from tools.training import held_out, model_id, pool_texts, score_pool, training_labels, zero_shot
from tools.workbench import Workbench

NOISE = 0.12


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with small_bench(tmp_path_factory.mktemp("reviews")) as bench:
        yield bench


@pytest.fixture(scope="module")
def task(bench: Workbench) -> Task:
    """A task of three rounds; some of its labels are wrong on purpose."""
    made = small_task(bench, "reviewed")
    small_run(bench, made, labels=96, batch=40, noise=NOISE)
    return made


@pytest.fixture(scope="module")
def empty(bench: Workbench) -> Task:
    return small_task(bench, "empty")


def truth(text: str) -> str:
    return "figures" if has_figure(text) else "words"


# --- held-out labels --------------------------------------------------------------------------------------------------


def test_confusions_are_the_held_out_mistakes_of_the_latest_model(bench: Workbench, task: Task) -> None:
    found = review.confused(bench, task, limit=1_000)
    assert {(one.label, one.predicted) for one in found} <= {("figures", "words"), ("words", "figures")}
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)
    given = training_labels(bench, task)
    for one in found:
        assert one.count == len(one.texts)
        assert one.of == list(given.values()).count(one.label)
        assert [text.confidence for text in one.texts] == sorted((t.confidence for t in one.texts), reverse=True)
        for text in one.texts:
            assert (given[text.id], text.truth, text.predicted) == (one.label, one.label, one.predicted)
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    assert not gold & {text.id for one in found for text in one.texts}
    assert all(len(one.texts) == 1 for one in review.confused(bench, task, limit=1))


def test_suspicious_labels_are_wrong_more_often_than_others(bench: Workbench, task: Task) -> None:
    found = review.suspicious(bench, task, limit=1_000)
    assert found
    given = training_labels(bench, task)
    wrong = {text.id for text in bench.pools.texts(POOL, list(given)) if truth(text.text) != given[text.id]}
    assert len(wrong) >= 5
    hits = sum(one.id in wrong for one in found)
    assert hits / len(found) > 1.3 * len(wrong) / len(given)
    assert hits > 0.4 * len(wrong)
    for one in found:
        assert given[one.id] == one.label != one.suggested
        assert one.probability_of_label < one.probability_of_suggested
        assert one.source == "replay:figures"
    assert review.suspicious(bench, task, limit=1) == found[:1]


def test_a_label_that_was_mended_is_no_longer_suspicious(bench: Workbench) -> None:
    mended = small_task(bench, "mended")
    small_run(bench, mended, labels=64, batch=48, noise=0.2)
    [first, *_] = review.suspicious(bench, mended)
    label_texts(bench, mended, {first.id: first.suggested}, person="ada")
    assert first.id not in {one.id for one in review.suspicious(bench, mended, limit=100)}
    assert training_labels(bench, mended)[first.id] == first.suggested


def test_hard_texts_have_the_ids_of_their_texts(bench: Workbench, task: Task) -> None:
    found = review.hard(bench, task, limit=5)
    ids, codes, probabilities = held_out(bench, latest_model(bench, task.name))
    own = {i: probabilities[row, codes[row]] for row, i in enumerate(ids)}
    assert [own[one.id] for one in found] == sorted(own.values())[:5]
    assert {one.id: one.text for one in found} == {
        text.id: text.text for text in bench.pools.texts(POOL, [one.id for one in found])
    }


# --- picks ------------------------------------------------------------------------------------------------------------


def test_a_pick_is_explained_by_what_the_model_of_that_time_thought(bench: Workbench, task: Task) -> None:
    pool = pool_texts(bench, task)
    models = bench.rounds.models(task.name)
    for number in (0, 1, 2):
        found = review.why_picked(bench, task, number=number, limit=1_000)
        picks = bench.rounds.picks(task.name, number)
        assert [(one.id, one.score, one.strategy) for one in found] == [(p.text_id, p.score, p.strategy) for p in picks]
        view = zero_shot(bench, task, pool) if number == 0 else score_pool(bench, task, models[number - 1])
        given = training_labels(bench, task)
        for one in found:
            assert list(one.probabilities.values()) == pytest.approx(view[pool.rows[one.id]].tolist())
            assert one.label == given[one.id]
            best = max(one.probabilities, key=lambda name: one.probabilities[name])
            assert f"{best!r} {one.probabilities[best]:.0%}" in one.why
        assert ("zero-shot pass" in found[0].why) == (number == 0)
    assert review.why_picked(bench, task, limit=3) == review.why_picked(bench, task, number=2, limit=3)


def test_one_text_is_explained_wherever_it_was_picked(bench: Workbench, task: Task) -> None:
    [pick, *_] = bench.rounds.picks(task.name, 1)
    [one] = review.why_picked(bench, task, text=pick.text_id)
    assert (one.id, one.round) == (pick.text_id, 1)
    [gold, *_] = bench.rounds.gold(task.name) or []
    with pytest.raises(AskAgain, match="drawn for the gold sample"):
        review.why_picked(bench, task, text=gold.text_id)
    with pytest.raises(AskAgain, match="not asked about in any round"):
        review.why_picked(bench, task, text=TextId("nothing"))
    with pytest.raises(AskAgain, match="no round 9: there are 3"):
        review.why_picked(bench, task, number=9)


def test_a_text_that_waits_or_was_given_says_so(bench: Workbench) -> None:
    waits = small_task(bench, "waits", oracle="human")
    patient = bench.lent()
    patient.attended = False
    assert small_run(patient, waits, gold=0).stop.rule == "waiting"
    found = review.why_picked(bench, waits)
    assert {one.label for one in found} == {None}
    label_texts(bench, waits, {found[0].id: "unsure"})
    assert review.why_picked(bench, waits)[0].label == "unsure"


# --- rounds -----------------------------------------------------------------------------------------------------------


def test_two_rounds_are_compared_on_the_pool_and_on_the_gold_sample(bench: Workbench, task: Task) -> None:
    found = review.compare(bench, task, 0, 2, limit=1_000)
    rounds = bench.rounds.rounds(task.name)
    assert (found.first.round, found.second.round) == (0, 2)
    assert (found.first.scores, found.second.scores) == (rounds[0].scores, rounds[2].scores)
    assert found.first.headline.low <= found.first.headline.value <= found.first.headline.high
    assert found.texts == bench.pools.get(POOL).texts
    counted = sum(count for counts in found.by_class.values() for count in counts.values())
    assert 0 < found.changed == counted < found.texts
    gold = {item.text_id for item in bench.rounds.gold(task.name) or []}
    assert not gold & {one.id for one in found.changes}, "the gold sample is not shown"
    assert len(found.changes) <= found.changed
    assert all(one.before != one.after for one in found.changes)
    right = [rounds[number].scores for number in (0, 2)]
    correct = [sum(s.confusion[i][i] for i in range(2)) for s in right if s is not None]
    assert correct[1] - correct[0] == found.gained - found.lost
    assert 0 < found.chance <= 1
    assert json.dumps(asdict(found), default=dict)
    back = review.compare(bench, task, 2, 0)
    assert (back.gained, back.lost, back.changed) == (found.lost, found.gained, found.changed)
    same = review.compare(bench, task, 1, 1)
    assert (same.changed, same.changes, same.gained, same.lost, same.chance) == (0, (), 0, 0, 1.0)
    assert same.agreement == 1.0


def test_a_round_that_is_not_there_is_not_compared(bench: Workbench, task: Task, empty: Task) -> None:
    with pytest.raises(AskAgain, match="no round 3: there are 3"):
        review.compare(bench, task, 0, 3)
    with pytest.raises(AskAgain, match="no round 0: there are 0"):
        review.compare(bench, empty, 0, 1)


# --- predictions ------------------------------------------------------------------------------------------------------


def test_predictions_of_a_class_are_counted_and_its_unlabeled_ends_shown(bench: Workbench, task: Task) -> None:
    found = review.predictions(bench, task, limit=4)
    assert [one.name for one in found] == ["figures", "words"]
    assert sum(one.count for one in found) == bench.pools.get(POOL).texts
    assert sum(one.share for one in found) == pytest.approx(1)
    known = bench.labels.current(task.name).keys()
    for one in found:
        shown = [*one.most_sure, *one.least_sure]
        assert len(shown) == 8
        assert not known & {text.id for text in shown}
        assert one.most_sure[0].probability == max(text.probability for text in shown)
        assert one.least_sure[0].probability == min(text.probability for text in shown)
    assert review.predictions(bench, task, "words", limit=4) == found[1:]
    with pytest.raises(UnknownLabel, match="'wurds' is no class"):
        review.predictions(bench, task, "wurds")


def test_without_a_model_there_is_nothing_to_review(bench: Workbench, empty: Task) -> None:
    for look in (review.confused, review.suspicious, review.hard, review.predictions):
        with pytest.raises(NotEnoughLabels, match="has no model yet"):
            look(bench, empty)
    with pytest.raises(NotEnoughLabels, match="has no round yet"):
        review.why_picked(bench, empty)


# --- the pool ---------------------------------------------------------------------------------------------------------


def test_texts_of_the_pool_are_shown_by_chance_or_by_word(bench: Workbench) -> None:
    shown = show_texts(bench, POOL, limit=5)
    assert len({text.id for text in shown}) == 5
    assert show_texts(bench, POOL, limit=5) == shown
    assert show_texts(bench, POOL, limit=5, seed=1) != shown
    baby = show_texts(bench, POOL, limit=1_000, words=["BABY"])
    assert baby
    assert all("baby" in text.text.casefold() for text in baby)
    assert show_texts(bench, POOL, words=["xyzzy"]) == []
    assert len(show_texts(bench, POOL, limit=10_000)) == bench.pools.get(POOL).texts
    with pytest.raises(UnknownName, match="no pool 'bills'"):
        show_texts(bench, "bills")


def test_texts_like_one_of_the_pool(bench: Workbench) -> None:
    [text] = show_texts(bench, POOL, limit=1)
    hits = similar(bench, POOL, text.id, limit=6)
    assert len(hits) == 6
    assert text.id not in {hit.text.id for hit in hits}
    assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)
    with pytest.raises(UnknownName, match="no text with the id 'nothing'"):
        similar(bench, POOL, TextId("nothing"))


# --- deletion ---------------------------------------------------------------------------------------------------------


def test_a_deleted_task_leaves_nothing_but_its_pool(bench: Workbench, task: Task) -> None:
    doomed = small_task(bench, "doomed task")
    result = small_run(bench, doomed, labels=20)
    report = report_path(bench, doomed.name)
    report.parent.mkdir(exist_ok=True)
    report.write_text("<html>", encoding="utf-8")
    half = bench.folder / "models" / f".{model_stem(doomed.name)}009.partial"
    half.mkdir()
    others = {path.name for path in (bench.folder / "models").iterdir() if model_stem(task.name) in path.name}
    answers = len(bench.labels.history(doomed.name))
    deleted = delete_task(bench, doomed.name)
    assert (deleted.task, deleted.labels, deleted.models) == ("doomed task", answers, len(result.rounds))
    assert "doomed task" not in bench.tasks.names()
    assert {path.name for path in (bench.folder / "models").iterdir() if model_stem(task.name) in path.name} == others
    assert not [p for p in (bench.folder / "models").iterdir() if model_stem("doomed task") in p.name]
    assert not report.exists()
    assert bench.labels.history("doomed task") == []
    assert bench.rounds.rounds("doomed task") == []
    assert bench.rounds.models("doomed task") == []
    assert bench.rounds.gold("doomed task") is None
    assert bench.pools.get(POOL).texts > 0
    assert review.hard(bench, task), "another task is whole"
    with pytest.raises(UnknownName, match="no task 'doomed task'"):
        delete_task(bench, "doomed task")


def test_a_new_task_of_an_old_name_begins_anew(bench: Workbench) -> None:
    first = small_task(bench, "twice")
    result = small_run(bench, first, labels=20)
    before = zero_shot(bench, first, pool_texts(bench, first))
    delete_task(bench, "twice")
    changed = {"name": "twice", "pool": POOL, "classes": {"figures": "zzz zzz", "words": ""}, "rest": "words"}
    second = create_task(bench, make_spec({**changed, "oracle": "replay:figures"}))
    assert second.guideline_version == 1
    assert not (zero_shot(bench, second, pool_texts(bench, second)) == before).all()
    again = small_run(bench, second, labels=20)
    assert [one.number for one in again.rounds] == [one.number for one in result.rounds]
    assert len(bench.labels.history("twice")) == again.gold_labels + again.seed_calls + again.rounds[1].oracle_calls


def test_the_same_call_again_takes_away_what_a_killed_one_left(bench: Workbench) -> None:
    halved = small_task(bench, "halved")
    small_run(bench, halved, labels=20)
    folders = [bench.model_folder(model.id) for model in bench.rounds.models("halved")]
    kept = folders[0].with_name("kept")
    shutil.copytree(folders[0], kept)
    delete_task(bench, "halved")
    kept.rename(folders[0])  # as a kill between the database and the folders leaves it
    assert delete_task(bench, "halved").labels == 0
    assert not folders[0].exists()
    with pytest.raises(UnknownName, match="no task 'halved'"):
        delete_task(bench, "halved")


def test_the_ids_of_models_begin_as_deletion_expects(task: Task) -> None:
    assert model_id(task, 7) == f"{model_stem(task.name)}007"
