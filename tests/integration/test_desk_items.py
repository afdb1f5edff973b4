"""What the desk shows of texts, with real vectors: near-duplicates, labeled neighbors, suggestions kept back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.desk_room import CLASSES, TASK, Wall, draw_gold, furnish, number_of, place, text
from tools.annotators import agreement
from tools.desk import Reply, Seat, answer, jump, next_items, take_back
from tools.engine.records import DeskSettings, Task
from tools.groups import groups
from tools.labeling import label_texts
from tools.settings import Settings
from tools.training import zero_shot_file
from tools.workbench import Workbench, open_workbench

ADA, BOB = Seat(person="ada"), Seat(person="bob")


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    with open_workbench(Settings(workspace=workspace), clock=Wall()) as opened:
        yield opened


def guess(bench: Workbench, task: Task, texts: int = 30) -> None:
    """A zero-shot pass that takes text n for class n modulo 3, with 0.8."""
    rows = np.full((texts, 3), 0.1, dtype=np.float32)
    rows[np.arange(texts), np.arange(texts) % 3] = 0.8
    path = zero_shot_file(bench, task, texts)
    path.parent.mkdir(exist_ok=True)
    np.save(path, rows)


def test_near_duplicates_are_offered_together_and_held_for_the_person(bench: Workbench) -> None:
    task = furnish(bench, picked=[1, 2, 3, 4, 11, 12])
    draw_gold(bench, 21)
    place(bench, lambda n: n % 10)
    first, second, third = next_items(bench, task, ADA).items
    assert [number_of(one.id) for one in (first, second, third)] == [21, 1, 2]
    assert first.alike == (), "the gold sample stays by itself"
    assert [(number_of(one.id), one.similarity > 0.95) for one in second.alike] == [(11, True)]
    assert [number_of(one.id) for one in third.alike] == [12]
    assert [number_of(i) for i in next_items(bench, task, BOB).queue] == [3, 4], "and nobody else gets them"
    taken = answer(bench, task, ADA, Reply(text_id=second.id, said="food", also=(text(11),)))
    assert taken.stored == 2
    # Answered alone, its near-duplicate comes up by itself.
    hand = answer(bench, task, ADA, Reply(text_id=third.id, said="drink")).hand
    assert 12 in [number_of(i) for i in hand.queue]


def test_near_duplicates_come_one_by_one_where_that_is_set(bench: Workbench) -> None:
    task = furnish(bench, picked=[1, 2, 11, 12], near_duplicates=False)
    place(bench, lambda n: n % 10)
    hand = next_items(bench, task, ADA)
    assert [number_of(i) for i in hand.queue] == [1, 2, 11]
    assert all(one.alike == () for one in hand.items)


def test_one_decision_about_several_texts_is_taken_back_as_one(bench: Workbench) -> None:
    task = furnish(bench, picked=[1, 2, 11, 21])
    place(bench, lambda n: n % 10)
    answer(bench, task, ADA, Reply(text_id=text(2), said="drink"))
    answer(bench, task, ADA, Reply(text_id=text(1), said="food", also=(text(11), text(21))))
    undone, hand = take_back(bench, task, ADA)
    assert {number_of(one.id) for one in undone.withdrawn} == {1, 11, 21}
    assert [number_of(i) for i in hand.queue] == [1], "it comes again, with those that are like it"
    assert list(bench.labels.current(TASK)) == [text(2)]
    assert [number_of(one.id) for one in take_back(bench, task, ADA)[0].withdrawn] == [2]


def test_groups_hold_what_means_the_same_and_nothing_that_is_judged_by(bench: Workbench) -> None:
    task = furnish(bench, picked=[2])
    draw_gold(bench, 11)
    place(bench, lambda n: n % 10)
    label_texts(bench, task, {text(3): "food"})
    found = groups(bench, task, limit=50)
    members = [{number_of(one.id) for one in group.texts} for group in found]
    assert {2, 12, 22} in members, "texts that wait are among them"
    assert all(len({n % 10 for n in group}) == 1 for group in members)
    seen = set().union(*members)
    assert not seen & {3, 11}, "neither a labeled text nor one of the gold sample"
    assert not seen & {13, 23, 1, 21}, "two are no group"
    assert {group.suggestion for group in found} == {None}, "what the model thinks is not told unless it is set"
    assert groups(bench, task, limit=50) == found


def test_groups_that_the_model_is_unsure_of_come_first(bench: Workbench) -> None:
    task = furnish(bench)
    place(bench, lambda n: n % 10)
    rows = np.full((30, 3), 0.01, dtype=np.float32)
    rows[:, 1] = 0.98
    rows[[7, 17, 27]] = [0.4, 0.35, 0.25]
    path = zero_shot_file(bench, task, 30)
    path.parent.mkdir(exist_ok=True)
    np.save(path, rows)
    bench.tasks.set_desk(TASK, DeskSettings(suggestions=True))
    first, *rest = groups(bench, task, limit=3)
    assert {number_of(one.id) for one in first.texts} == {7, 17, 27}
    assert first.suggestion is not None
    assert (first.suggestion.label, round(first.suggestion.confidence, 2)) == ("food", 0.4)
    assert len(rest) == 2


def test_labeled_texts_that_are_like_it_are_shown_but_not_the_gold_sample_s(bench: Workbench) -> None:
    task = furnish(bench, picked=[1, 11, 22])
    draw_gold(bench, 21)
    place(bench, lambda n: n % 10)
    answer(bench, task, ADA, Reply(text_id=text(21), said="toys"))
    answer(bench, task, ADA, Reply(text_id=text(11), said="food"))
    item = next_items(bench, task, ADA).items[0]
    assert number_of(item.id) == 1
    assert [(number_of(one.id), one.label) for one in item.similar] == [(11, "food")]


def test_a_suggestion_is_seen_only_where_it_is_set_and_not_drawn_blind(bench: Workbench) -> None:
    task = furnish(bench, texts=200, picked=range(150))
    guess(bench, task, 200)
    hidden = next_items(bench, task, Seat(person="ada", ahead=10)).items
    assert {one.suggestion for one in hidden} == {None}
    assert not any("%" in one.why for one in hidden), "what the model thinks is not told by the way"
    bench.tasks.set_desk(TASK, DeskSettings(suggestions=True, blind_share=0.3))
    items = next_items(bench, task, Seat(person="ada", ahead=50)).items
    seen = [one for one in items if one.suggestion is not None]
    assert 25 <= len(seen) <= 45
    for one in seen:
        assert one.suggestion is not None
        assert one.suggestion.label == CLASSES[number_of(one.id) % 3]
        assert one.suggestion.confidence == pytest.approx(0.8)
        assert "80%" in one.why
    assert not any("%" in one.why for one in items if one.suggestion is None)
    again = next_items(bench, task, Seat(person="ada", ahead=50)).items
    assert [one.suggestion for one in again] == [one.suggestion for one in items], "the lot does not change"


def test_what_was_shown_is_kept_with_the_answer_and_the_bias_is_measured(bench: Workbench) -> None:
    task = furnish(bench, texts=200, picked=range(160), suggestions=True, blind_share=0.5)
    guess(bench, task, 200)
    draw = np.random.default_rng(7)
    hand = next_items(bench, task, ADA)
    items = {one.id: one for one in hand.items}
    while hand.queue:
        one = items[hand.queue[0]]
        # This person says what is shown to her; left alone, she agrees with the model on half of the texts.
        right = CLASSES[number_of(one.id) % 3]
        word = one.suggestion.label if one.suggestion is not None else right if draw.random() < 0.5 else "toys"
        reply = Reply(text_id=one.id, said=word, seconds=1.0 if one.suggestion is not None else 2.0)
        hand = answer(bench, task, Seat(person="ada", have=tuple(items)), reply).hand
        items |= {new.id: new for new in hand.items}
    bias = agreement(bench, task).bias
    assert bias.shown_texts + bias.blind_texts == 160
    assert 60 <= bias.blind_texts <= 100
    assert bias.shown is not None
    assert bias.blind is not None
    assert bias.effect is not None
    assert bias.shown.value == 1.0
    assert 0.5 < bias.blind.value < 0.85
    assert bias.effect.low > 0, "the difference is the suggestions' doing"
    assert (bias.shown_seconds, bias.blind_seconds) == (1.0, 2.0)
    first = bench.opinions.of(TASK)[0]
    assert (first.suggested is None) != (first.withheld is None)
    answer(bench, task, ADA, Reply(text_id=first.text_id, said="drink"))
    changed = bench.opinions.of(TASK, texts=[first.text_id])[-1]
    assert (changed.suggested, changed.withheld) == (first.suggested, first.withheld), "as she saw it the first time"
    assert (jump(bench, task, first.text_id, "ada").suggestion is None) == (first.suggested is None)
