"""The desk: who gets which text, what becomes of answers, overlap, known texts, suggestions kept back, undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk_room import TASK, Wall, draw_gold, furnish, number_of, text
from tools.adjudication import accept_consensus, adjudicate, conflicts
from tools.answers import Purposes, keep
from tools.desk import Hand, Reply, Seat, answer, answered, jump, leave, next_items, set_known, take_back
from tools.engine.errors import AskAgain, UnknownLabel, UnknownName
from tools.engine.records import Answer, DeskSettings, Opinion, Task, TextId
from tools.labeling import label_texts, undo, waiting
from tools.opinions import opinion_of
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

ADA, BOB, EVE = (Seat(person=name) for name in ("ada", "bob", "eve"))


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def bench(workspace: Path, wall: Wall) -> Iterator[Workbench]:
    with open_workbench(Settings(workspace=workspace), clock=wall) as opened:
        yield opened


def numbers(hand: Hand) -> list[int]:
    return [number_of(i) for i in hand.queue]


def says(bench: Workbench, task: Task, seat: Seat, **said: str) -> Hand:
    """Answers by number: `says(bench, task, ADA, t1="food")`."""
    hand = None
    for name, word in said.items():
        hand = answer(bench, task, seat, Reply(text_id=text(int(name[1:])), said=word)).hand
    assert hand is not None
    return hand


def labels(bench: Workbench) -> dict[int, str]:
    return {number_of(i): one.answer.label or one.answer.outcome for i, one in bench.labels.current(TASK).items()}


def opinions(bench: Workbench, number: int) -> list[Opinion]:
    return bench.opinions.of(TASK, texts=[text(number)])


# --- who gets what ----------------------------------------------------------------------------------------------------


def test_two_people_never_have_the_same_text(bench: Workbench) -> None:
    task = furnish(bench)
    assert numbers(next_items(bench, task, ADA)) == [1, 2, 3]
    assert numbers(next_items(bench, task, BOB)) == [4, 5, 6]
    assert numbers(next_items(bench, task, EVE)) == []
    assert numbers(next_items(bench, task, ADA)) == [1, 2, 3], "a reload changes nothing"


def test_an_answer_brings_the_next_text_and_only_what_is_new_of_it(bench: Workbench) -> None:
    task = furnish(bench)
    first = next_items(bench, task, ADA)
    assert [item.text for item in first.items] == ["text 1", "text 2", "text 3"]
    taken = answer(
        bench, task, Seat(person="ada", have=first.queue), Reply(text_id=text(1), said="FOOD", note=" sure ")
    )
    assert (taken.stored, numbers(taken.hand)) == (1, [2, 3, 4])
    assert [item.text for item in taken.hand.items] == ["text 4"]
    progress = taken.hand.progress
    assert (progress.answered, progress.left, progress.waiting, progress.conflicts) == (1, 5, 5, 0)
    held = bench.labels.current(TASK)[text(1)]
    assert (held.answer.label, held.answer.source, held.role, held.round) == ("food", "human:ada", "seed", 0)
    (kept,) = opinions(bench, 1)
    assert (kept.purpose, kept.label, kept.source) == ("vote", "food", "human:ada")


def test_a_lease_that_ended_goes_to_the_next_and_a_late_answer_is_kept_beside_the_label(
    bench: Workbench, wall: Wall
) -> None:
    task = furnish(bench, lease_seconds=60.0)
    next_items(bench, task, ADA)
    wall.move(61)
    assert numbers(next_items(bench, task, BOB)) == [1, 2, 3]
    says(bench, task, BOB, t1="food")
    late = answer(bench, task, ADA, Reply(text_id=text(1), said="toys"))
    assert (late.stored, labels(bench)) == (1, {1: "food"})
    assert [(one.source, one.purpose, one.label) for one in opinions(bench, 1)] == [
        ("human:bob", "vote", "food"),
        ("human:ada", "check", "toys"),
    ]


def test_what_is_given_back_goes_to_others_at_once(bench: Workbench) -> None:
    task = furnish(bench)
    next_items(bench, task, ADA)
    leave(bench, task, "ada")
    assert numbers(next_items(bench, task, BOB)) == [1, 2, 3]


def test_the_gold_sample_comes_first(bench: Workbench) -> None:
    task = furnish(bench)
    draw_gold(bench, 20, 21)
    hand = next_items(bench, task, ADA)
    assert numbers(hand) == [20, 21, 1]
    assert "drawn by lot" in hand.items[0].why
    assert "surest" in hand.items[2].why


# --- what becomes of answers ------------------------------------------------------------------------------------------


def test_the_same_answer_again_changes_nothing_and_another_one_holds(bench: Workbench) -> None:
    task = furnish(bench)
    says(bench, task, ADA, t1="food")
    assert answer(bench, task, ADA, Reply(text_id=text(1), said="food")).stored == 0
    assert len(bench.labels.history(TASK)) == 1
    assert answer(bench, task, ADA, Reply(text_id=text(1), said="unsure")).stored == 1
    assert labels(bench) == {1: "unsure"}


def test_unsure_and_skip_are_answers(bench: Workbench) -> None:
    task = furnish(bench)
    assert numbers(says(bench, task, ADA, t1="unsure", t2="skip")) == [3, 4, 5]
    assert labels(bench) == {1: "unsure", 2: "skip"}


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (Reply(text_id=text(1), said="fruit"), UnknownLabel, "'fruit' is no class"),
        (Reply(text_id=TextId("nothing"), said="food"), UnknownName, "no text with the id"),
        (Reply(text_id=text(25), said="food"), AskAgain, "does not wait"),
        (Reply(text_id=text(1), said="food", also=(text(25),)), AskAgain, "does not wait"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_stored(
    bench: Workbench, reply: Reply, error: type[AskAgain], said: str
) -> None:
    task = furnish(bench)
    with pytest.raises(error, match=said):
        answer(bench, task, ADA, reply)
    assert bench.opinions.of(TASK) == []
    assert bench.labels.history(TASK) == []


def test_one_decision_may_do_for_several_texts(bench: Workbench) -> None:
    task = furnish(bench)
    taken = answer(bench, task, ADA, Reply(text_id=text(1), said="toys", seconds=4.0, also=(text(2), text(1))))
    assert (taken.stored, labels(bench)) == (2, {1: "toys", 2: "toys"})
    assert [opinions(bench, n)[0].variant for n in (1, 2)] == [None, "alike"]
    assert [opinions(bench, n)[0].seconds for n in (1, 2)] == [2.0, 2.0], "the time is shared"


def test_jump_back_shows_the_answer_and_lets_it_be_changed(bench: Workbench) -> None:
    task = furnish(bench)
    says(bench, task, ADA, t1="food", t2="drink")
    given = answered(bench, task, "ada")
    assert [(one.text, one.said) for one in given] == [("text 2", "drink"), ("text 1", "food")]
    item = jump(bench, task, text(1), "ada")
    assert (item.text, item.said) == ("text 1", "food")
    says(bench, task, ADA, t1="toys")
    assert labels(bench)[1] == "toys"
    with pytest.raises(AskAgain, match="did not answer"):
        jump(bench, task, text(1), "bob")


def test_undo_takes_the_last_answer_back_and_shows_its_text_again(bench: Workbench) -> None:
    task = furnish(bench)
    says(bench, task, ADA, t1="food", t2="drink")
    undone, hand = take_back(bench, task, ADA)
    assert ([one.label for one in undone.withdrawn], numbers(hand)) == (["drink"], [2, 3, 4])
    assert labels(bench) == {1: "food"}
    assert numbers(take_back(bench, task, ADA)[1]) == [1, 2, 3]
    assert take_back(bench, task, ADA)[0].withdrawn == ()
    assert labels(bench) == {}


def test_a_vote_whose_process_died_before_the_label_becomes_one(bench: Workbench) -> None:
    task = furnish(bench)
    one = Answer(text_id=text(1), outcome="label", label="food", source="human:ada")
    bench.opinions.append(TASK, opinion_of(one, task, purpose="vote", at=bench.clock()))
    assert numbers(next_items(bench, task, BOB)) == [2, 3, 4]
    assert labels(bench) == {1: "food"}


def test_the_answer_that_a_dead_process_kept_half_makes_the_label_when_it_is_sent_again(bench: Workbench) -> None:
    task = furnish(bench)
    next_items(bench, task, ADA)
    one = Answer(text_id=text(1), outcome="label", label="food", source="human:ada")
    bench.opinions.append(TASK, opinion_of(one, task, purpose="vote", at=bench.clock()))
    assert labels(bench) == {}
    taken = answer(bench, task, ADA, Reply(text_id=text(1), said="food"))
    assert labels(bench) == {1: "food"}
    assert (taken.stored, len(opinions(bench, 1))) == (0, 1)
    assert 1 not in numbers(taken.hand)
    assert len(bench.labels.history(TASK)) == 1


# --- several people a text --------------------------------------------------------------------------------------------


def test_a_text_has_no_label_until_as_many_agree_as_are_asked(bench: Workbench) -> None:
    task = furnish(bench, overlap=2)
    says(bench, task, ADA, t1="food", t2="food", t3="unsure")
    assert labels(bench) == {}
    assert len(waiting(bench, task)) == 6, "the loop still waits"
    assert numbers(next_items(bench, task, ADA)) == [4, 5, 6], "she is not asked twice"
    assert numbers(next_items(bench, task, BOB)) == [1, 2, 3]
    hand = says(bench, task, BOB, t1="food", t2="toys", t3="unsure")
    assert labels(bench) == {1: "food", 3: "unsure"}
    assert (hand.progress.waiting, hand.progress.conflicts) == (4, 1)
    held = bench.labels.current(TASK)[text(1)].answer
    assert held.source == "consensus"
    assert held.confidence is not None
    assert 0.7 < held.confidence < 1
    assert 2 not in numbers(next_items(bench, task, EVE)), "a conflict is not handed out"


def test_no_more_people_have_a_text_than_are_asked(bench: Workbench) -> None:
    task = furnish(bench, overlap=2, picked=[1])
    assert [numbers(next_items(bench, task, seat)) for seat in (ADA, BOB, EVE)] == [[1], [1], []]
    says(bench, task, ADA, t1="food")
    assert numbers(next_items(bench, task, EVE)) == []


def test_a_conflict_shows_both_answers_and_notes_and_is_decided(bench: Workbench) -> None:
    task = furnish(bench, overlap=2)
    answer(bench, task, ADA, Reply(text_id=text(1), said="food", note="it is edible"))
    answer(bench, task, BOB, Reply(text_id=text(1), said="toys", note="for dolls"))
    (conflict,) = conflicts(bench, task)
    assert [(one.source, one.label, one.note) for one in conflict.votes] == [
        ("human:ada", "food", "it is edible"),
        ("human:bob", "toys", "for dolls"),
    ]
    assert conflict.probabilities["food"] == pytest.approx(conflict.probabilities["toys"])
    assert sum(conflict.probabilities.values()) == pytest.approx(1)
    assert adjudicate(bench, task, {text(1): "toys"}, person="eve", note="a toy") == 1
    assert conflicts(bench, task) == []
    held = bench.labels.current(TASK)[text(1)].answer
    assert (held.label, held.source, held.note) == ("toys", "human:eve", "a toy")
    with pytest.raises(AskAgain, match="Nobody disagrees"):
        adjudicate(bench, task, {text(1): "food"}, person="eve")
    says(bench, task, ADA, t1="drink")
    assert labels(bench) == {1: "toys"}, "a change of mind does not undo a decision"
    assert [one.label for one in undo(bench, task, person="eve").withdrawn] == ["toys"]
    assert [one.id for one in conflicts(bench, task)] == [text(1)], "taken back, it is open again"


def test_undo_puts_back_the_label_that_a_person_had_corrected(bench: Workbench) -> None:
    task = furnish(bench)
    purpose = Purposes(bench, task).of(text(1))
    keep(bench, Answer(text_id=text(1), outcome="label", label="food", cost=0.5, source="llm:m"), purpose)
    label_texts(bench, task, {text(1): "toys"}, person="ada")
    label_texts(bench, task, {text(1): "drink"}, person="ada")
    undo(bench, task, person="ada")
    held = bench.labels.current(TASK)[text(1)].answer
    assert (held.label, held.source) == ("food", "llm:m")
    assert bench.labels.spent(TASK) == 0.5, "it is not paid for twice"
    keep(bench, Answer(text_id=text(1), outcome="withdrawn", source="llm:m"), purpose)
    label_texts(bench, task, {text(1): "toys"}, person="ada")
    undo(bench, task, person="ada")
    assert labels(bench) == {}, "what was taken back before stays so"


def test_a_change_of_mind_takes_the_agreement_away(bench: Workbench) -> None:
    task = furnish(bench, overlap=2)
    for seat in (ADA, BOB):
        says(bench, task, seat, t1="food")
    assert labels(bench) == {1: "food"}
    says(bench, task, BOB, t1="toys")
    assert (labels(bench), len(conflicts(bench, task))) == ({}, 1)
    says(bench, task, ADA, t1="toys")
    assert labels(bench) == {1: "toys"}
    undo(bench, task, person="bob")
    assert labels(bench) == {}
    assert conflicts(bench, task) == []


def test_a_label_from_elsewhere_is_a_vote_too_and_a_correction_decides(bench: Workbench) -> None:
    task = furnish(bench, overlap=2)
    label_texts(bench, task, {text(1): "food"}, person="ada")
    assert labels(bench) == {}
    says(bench, task, BOB, t1="food")
    assert labels(bench) == {1: "food"}
    label_texts(bench, task, {text(1): "drink"}, person="eve")
    assert labels(bench) == {1: "drink"}
    assert bench.labels.current(TASK)[text(1)].answer.source == "human:eve"


def test_the_likeliest_of_differing_answers_is_accepted_from_a_probability_on(bench: Workbench) -> None:
    task = furnish(bench, overlap=3, picked=range(1, 13))
    # Ada and Bob agree on ten texts, Eve is mostly wrong; on the last two she is outvoted.
    for number in range(1, 11):
        right = "food" if number % 2 else "drink"
        for seat in (ADA, BOB):
            says(bench, task, seat, **{f"t{number}": right})
        says(bench, task, EVE, **{f"t{number}": right if number in {1, 2} else "toys"})
    for number in (11, 12):
        for seat, word in ((ADA, "food"), (BOB, "food"), (EVE, "toys")):
            says(bench, task, seat, **{f"t{number}": word})
    assert set(labels(bench)) == {1, 2}
    assert len(conflicts(bench, task)) == 10
    assert accept_consensus(bench, task, at_least=0.9999) == []
    accepted = accept_consensus(bench, task, at_least=0.8)
    assert {number_of(i) for i in accepted} == {3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    assert (labels(bench)[11], labels(bench)[4]) == ("food", "drink")
    held = bench.labels.current(TASK)[text(11)].answer
    assert held.source == "consensus"
    assert held.confidence is not None
    assert held.confidence >= 0.8


# --- known texts and suggestions --------------------------------------------------------------------------------------


def test_known_texts_are_mixed_in_on_request_and_make_no_label(bench: Workbench) -> None:
    task = furnish(bench)
    assert set_known(bench, task, {text(25): "food", text(26): "Drink"}) == 2
    assert numbers(next_items(bench, task, ADA)) == [1, 2, 3]
    bench.tasks.set_desk(TASK, DeskSettings(known_share=0.5))
    met: list[int] = []
    hand = next_items(bench, task, ADA)
    while hand.queue:
        met.append(numbers(hand)[0])
        hand = says(bench, task, ADA, **{f"t{met[-1]}": "food"})
    assert sorted(met) == [1, 2, 3, 4, 5, 6, 25, 26]
    assert met != sorted(met), "they come in between"
    assert set(labels(bench)) == {1, 2, 3, 4, 5, 6}
    assert [one.purpose for one in opinions(bench, 25)] == ["known", "known"]
    assert [one.label for one in take_back(bench, task, ADA)[0].withdrawn] == ["food"]
    with pytest.raises(AskAgain, match="known answer is a class"):
        set_known(bench, task, {text(1): "unsure"})


def test_labels_of_the_gold_sample_can_be_made_known(bench: Workbench) -> None:
    task = furnish(bench)
    draw_gold(bench, 20, 21)
    says(bench, task, ADA, t20="food", t21="unsure")
    assert set_known(bench, task, {}, from_gold=True) == 1
    bench.tasks.set_desk(TASK, DeskSettings(known_share=1.0))
    assert numbers(next_items(bench, task, BOB))[0] == 20
    assert 20 not in numbers(next_items(bench, task, ADA)), "she gave that answer herself"
