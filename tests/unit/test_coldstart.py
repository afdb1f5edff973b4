"""The cold start, played through with oracles that know the truth."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.engine.errors import UnknownLabel
from tools.engine.ports import Probabilities, Vectors
from tools.engine.records import TextId
from tools.engine.selection.coldstart import SeedStep, next_to_ask, seed_size

CLASSES = ("food", "tools", "other")
Truth = Callable[[TextId], str | None]


class Pool:
    """A pool of unrelated texts "0", "1", … and a zero-shot pass over it."""

    def __init__(self, probabilities: Probabilities, vectors: Vectors | None = None) -> None:
        self.ids = [TextId(str(row)) for row in range(len(probabilities))]
        self.probabilities = probabilities
        rows = np.random.default_rng(0).standard_normal((len(self.ids), 64))
        self.vectors: Vectors = (
            (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16) if vectors is None else vectors
        )

    def step(self, answers: Mapping[TextId, str | None], *, per_class: int = 2, call_cap: int = 100) -> SeedStep:
        """What to ask after these answers."""
        return next_to_ask(
            ids=self.ids,
            vectors=self.vectors,
            probabilities=self.probabilities,
            answers=answers,
            classes=CLASSES[: self.probabilities.shape[1]],
            per_class=per_class,
            call_cap=call_cap,
        )


def two_classes(*food: float) -> Pool:
    return Pool(np.array([[p, 1.0 - p] for p in food], dtype=np.float32))


def play(
    pool: Pool, truth: Truth, *, at_once: int = 10**6, turned: bool = False, per_class: int = 2, call_cap: int = 100
) -> tuple[dict[TextId, str | None], SeedStep]:
    """Answer at most `at_once` texts of each step, or all from the last to the first, until the cold start is done."""
    answers: dict[TextId, str | None] = {}
    while not (step := pool.step(answers, per_class=per_class, call_cap=call_cap)).done:
        assert not set(step.ask) & set(answers)
        assert len(set(step.ask)) == len(step.ask)
        answers |= {text: truth(text) for text in (step.ask[::-1] if turned else step.ask[:at_once])}
    return answers, step


@pytest.mark.parametrize(("classes", "each"), [(2, 8), (3, 4), (4, 4), (5, 3), (6, 3), (8, 2), (9, 2), (77, 2)])
def test_the_seed_has_sixteen_labels_of_two_classes_and_two_to_four_each_of_more(classes: int, each: int) -> None:
    assert seed_size(classes) == each


def test_the_surest_predictions_of_each_class_are_asked_first_and_in_turn() -> None:
    step = two_classes(0.55, 0.99, 0.02, 0.8, 0.3, 0.45).step({})
    assert step.ask == ["1", "2", "3", "4"]
    assert not step.done
    assert (step.seed, step.calls) == ([], 0)
    assert step.unfilled == {"food": (0, 2), "tools": (0, 2)}


def test_the_seed_is_what_the_oracle_verified_in_the_order_of_its_answers() -> None:
    step = two_classes(0.9, 0.8, 0.1, 0.2, 0.5).step(
        {
            TextId("3"): "tools",
            TextId("0"): "food",
            TextId("2"): "tools",
            TextId("1"): "food",
        }
    )
    assert step.seed == ["3", "0", "2", "1"]
    assert step.done
    assert (step.ask, step.unfilled, step.calls) == ([], {}, 4)


def test_a_wrong_prediction_counts_for_the_class_it_belongs_to() -> None:
    step = two_classes(0.9, 0.8, 0.7, 0.1, 0.2, 0.3).step(
        {
            TextId("0"): "tools",
            TextId("3"): "tools",
            TextId("1"): "food",
            TextId("4"): "tools",
        }
    )
    assert step.seed == ["0", "3", "1"]
    assert step.unfilled == {"food": (1, 2)}
    assert step.ask == ["2"]


def test_an_answer_without_a_label_is_a_call_and_no_label() -> None:
    step = two_classes(0.9, 0.8, 0.7, 0.1, 0.2).step(
        {
            TextId("0"): None,
            TextId("3"): "tools",
            TextId("1"): "food",
            TextId("4"): "tools",
        }
    )
    assert (step.calls, step.ask, step.unfilled) == (4, ["2"], {"food": (1, 2)})


def test_a_class_that_nothing_is_predicted_as_is_sought_by_its_score() -> None:
    pool = Pool(np.array([[0.6, 0.3, 0.1], [0.6, 0.1, 0.3], [0.1, 0.7, 0.2], [0.2, 0.8, 0.0]], dtype=np.float32))
    assert pool.step({}, per_class=1).ask == ["0", "3", "1"]


def test_texts_predicted_as_the_class_come_before_others_that_score_higher() -> None:
    pool = Pool(np.array([[0.45, 0.55, 0.0], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]], dtype=np.float32))
    assert pool.step({}, per_class=1).ask == ["1", "0", "2"]


def test_the_cap_ends_it_with_the_unfilled_classes_told_and_nothing_padded() -> None:
    pool = two_classes(*np.linspace(0.99, 0.01, 40))
    answers, step = play(pool, lambda _: "tools", per_class=4, call_cap=13)
    assert (step.done, step.ask, step.calls) == (True, [], 13)
    assert step.unfilled == {"food": (0, 4)}
    assert [answers[text] for text in step.seed] == ["tools"] * 4


def test_the_cap_is_shared_by_the_classes() -> None:
    assert two_classes(0.9, 0.8, 0.7, 0.1, 0.2, 0.3).step({}, call_cap=3).ask == ["0", "3", "1"]


def test_a_pool_that_runs_out_ends_it() -> None:
    answers, step = play(two_classes(0.9, 0.1, 0.2), lambda _: "tools")
    assert set(answers) == {"0", "1", "2"}
    assert (step.done, step.unfilled) == (True, {"food": (0, 2)})


def test_near_duplicates_of_asked_texts_wait_until_no_others_are_left() -> None:
    axes = np.eye(8, dtype=np.float16)
    pool = Pool(
        np.array([[p, 1.0 - p] for p in (0.9, 0.89, 0.88, 0.87, 0.1, 0.2)], dtype=np.float32),
        axes[[0, 0, 0, 1, 2, 3]],
    )
    first = pool.step({})
    assert first.ask == ["0", "4", "3", "5"]
    then = pool.step({TextId("0"): None, TextId("4"): "tools", TextId("3"): "food", TextId("5"): "tools"})
    assert then.ask == ["1"]


def test_the_order_of_the_pool_means_nothing() -> None:
    pool = two_classes(*[0.9, 0.1] * 10)
    turned = two_classes(*[0.9, 0.1] * 10)
    turned.ids, turned.vectors = pool.ids[::-1], pool.vectors[::-1]
    turned.probabilities = pool.probabilities[::-1]
    assert pool.step({}).ask == turned.step({}).ask


def test_labels_from_elsewhere_count() -> None:
    step = two_classes(0.9, 0.8, 0.1, 0.2).step({TextId("from a person"): "food", TextId("0"): "food"})
    assert step.seed == ["from a person", "0"]
    assert step.ask == ["2", "3"]


def test_an_answer_outside_the_classes_is_refused() -> None:
    with pytest.raises(UnknownLabel, match="'drink' is none of the classes: food, tools"):
        two_classes(0.9, 0.1).step({TextId("0"): "drink"})


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    skill=st.sampled_from([0.0, 1.0, 4.0]),
    at_once=st.integers(1, 5),
    call_cap=st.integers(1, 40),
    per_class=st.integers(1, 4),
)
def test_it_makes_no_difference_how_many_answers_come_at_a_time(
    *, seed: int, count: int, skill: float, at_once: int, call_cap: int, per_class: int
) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, size=count, p=[0.7, 0.25, 0.05])
    weights = np.exp(rng.standard_normal((count, 3)) + skill * np.eye(3)[truth])
    pool = Pool((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))
    unsure = set(np.flatnonzero(rng.random(count) < 0.1).tolist())

    def oracle(text: TextId) -> str | None:
        return None if int(text) in unsure else CLASSES[truth[int(text)]]

    all_at_once, end = play(pool, oracle, per_class=per_class, call_cap=call_cap)
    piecemeal, same = play(pool, oracle, at_once=at_once, per_class=per_class, call_cap=call_cap)

    turned, other = play(pool, oracle, turned=True, per_class=per_class, call_cap=call_cap)
    assert (set(turned), other.unfilled) == (set(all_at_once), end.unfilled)
    assert list(piecemeal) == list(all_at_once)[: len(piecemeal)]
    assert (same.seed, same.unfilled) == (end.seed, end.unfilled)
    assert same.calls <= end.calls <= call_cap
    have = {name: sum(all_at_once[text] == name for text in end.seed) for name in CLASSES}
    assert end.unfilled == {name: (n, per_class) for name, n in have.items() if n < per_class}
    assert not end.unfilled or end.calls == min(call_cap, count)
