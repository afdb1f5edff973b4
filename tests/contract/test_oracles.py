"""What the port promises of every oracle, checked on each of them."""

import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from pydantic import SecretStr

from tests.support.openai_endpoint import KEY, Fault, OpenAIEndpoint
from tools.adapters.oracles.endpoint import LlmEndpoint
from tools.adapters.oracles.human import HumanOracle
from tools.adapters.oracles.limiter import Patience
from tools.adapters.oracles.llm import LlmOracle
from tools.adapters.oracles.prices import Price
from tools.adapters.oracles.replay import ReplayOracle, normalise_labels
from tools.adapters.oracles.zero_shot import ZeroShotOracle
from tools.engine.errors import AskAgain, UnknownLabel
from tools.engine.ports import Oracle
from tools.engine.records import ClassDefinition, Task, Text, TextId

TASK = Task(
    name="receipts",
    pool="receipts",
    description="",
    classes=(ClassDefinition(name="fruit"), ClassDefinition(name="cheese"), ClassDefinition(name="bread")),
)
TEXTS = [
    Text(id=TextId(f"id{n}"), text=f"{('fruit', 'cheese', 'bread')[n % 3]} {n}, *maybe* \x1b[2J\n") for n in range(9)
]
TRUTH = {text.id: text.text.split()[0] for text in TEXTS}
UNANSWERABLE = Text(id=TextId("none"), text="not answerable")


def replay(noise: float = 0.0, seed: int = 5) -> ReplayOracle:
    return ReplayOracle(TRUTH, source="replay:aisle", noise=noise, rng=np.random.default_rng(seed))


def probability_rows() -> dict[TextId, list[float]]:
    return {i: [0.8 if name == label else 0.1 for name in TASK.class_names] for i, label in TRUTH.items()}


def by_batch(texts: Sequence[Text], task: Task) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    unknown = [np.nan] * len(task.classes)
    return np.asarray([probability_rows().get(text.id, unknown) for text in texts], dtype=np.float32)


def human() -> HumanOracle:
    keys = "".join(f"{TASK.class_names.index(label) + 1}\n" for label in TRUTH.values())
    return HumanOracle(stdin=io.StringIO(keys + "s\n" * 99), stdout=io.StringIO())


MAKERS: dict[str, Callable[[], Oracle]] = {
    "replay": replay,
    "replay with noise": lambda: replay(noise=0.5),
    "zero-shot rows": lambda: ZeroShotOracle(probability_rows(), model="tiny"),
    "zero-shot model": lambda: ZeroShotOracle(by_batch, model="tiny"),
    "human": human,
}


@pytest.fixture(params=[*MAKERS, "llm", "llm, several texts a request"])
def oracle(request: pytest.FixtureRequest) -> Iterator[Oracle]:
    if request.param in MAKERS:
        yield MAKERS[request.param]()
        return
    refuse = {UNANSWERABLE.text: Fault(status=400, code="content_policy_violation")}
    with OpenAIEndpoint(lambda text: text.split()[0], faults_of=refuse) as endpoint:
        yield LlmOracle(
            endpoint=LlmEndpoint(
                base_url=endpoint.url, api_key=SecretStr(KEY), patience=Patience(tries=2, first_wait=0.01)
            ),
            model="test-model",
            task=TASK,
            items=1 if request.param == "llm" else 4,
            prices={"test-model": Price(input=1.0, output=3.0)},
        )


def test_every_text_gets_exactly_one_answer(oracle: Oracle) -> None:
    answers = list(oracle.answers(TEXTS, TASK))
    assert sorted(answer.text_id for answer in answers) == sorted(TRUTH)


def test_a_label_is_a_class_of_the_task_and_other_outcomes_have_none(oracle: Oracle) -> None:
    for answer in oracle.answers([*TEXTS, UNANSWERABLE], TASK):
        assert (answer.label in TASK.class_names) == (answer.outcome == "label")
        assert answer.outcome == "label" or answer.label is None


def test_answers_are_right_where_the_source_is(oracle: Oracle, request: pytest.FixtureRequest) -> None:
    right = [answer.label == TRUTH[answer.text_id] for answer in oracle.answers(TEXTS, TASK)]
    assert all(right) is ("noise" not in request.node.name)


def test_answers_carry_source_confidence_cost_and_time(oracle: Oracle) -> None:
    assert oracle.source
    answers = list(oracle.answers(TEXTS, TASK))
    assert {answer.source for answer in answers} == {oracle.source}
    assert all(answer.confidence is None or 0 <= answer.confidence <= 1 for answer in answers)
    assert all(answer.cost >= 0 and answer.seconds >= 0 for answer in answers)


def test_the_price_is_never_less_than_the_cost(oracle: Oracle) -> None:
    price = oracle.price(TEXTS)
    assert price >= sum(answer.cost for answer in oracle.answers(TEXTS, TASK))
    assert oracle.price([]) == 0


def test_a_text_that_cannot_be_answered_stops_nothing(oracle: Oracle) -> None:
    answers = {answer.text_id: answer for answer in oracle.answers([*TEXTS, UNANSWERABLE], TASK)}
    assert len(answers) == len(TEXTS) + 1
    unanswered = answers[UNANSWERABLE.id]
    assert unanswered.outcome in {"failed", "skip"}
    assert unanswered.note or unanswered.outcome == "skip"


def test_nothing_asked_is_nothing_answered(oracle: Oracle) -> None:
    assert list(oracle.answers([], TASK)) == []


def test_the_iterator_can_be_closed_and_the_oracle_asked_again(oracle: Oracle) -> None:
    answers = oracle.answers(TEXTS, TASK)
    first = next(answers)
    answers.close()  # type: ignore[attr-defined]  # the port promises an iterator; all of these are generators
    rest = [text for text in TEXTS if text.id != first.text_id]
    assert {answer.text_id for answer in oracle.answers(rest, TASK)} == {text.id for text in rest}


# --- replay ---------------------------------------------------------------------------------------------------------


def labels_of(oracle: Oracle, texts: Sequence[Text]) -> dict[TextId, str | None]:
    return {answer.text_id: answer.label for answer in oracle.answers(texts, TASK)}


def many(count: int) -> tuple[list[Text], ReplayOracle]:
    texts = [Text(id=TextId(f"t{n}"), text="x") for n in range(count)]
    labels = {text.id: "fruit" for text in texts}
    return texts, ReplayOracle(labels, source="replay:x", noise=0.3, rng=np.random.default_rng(0))


def test_noise_changes_its_share_of_answers_to_the_other_classes_evenly() -> None:
    texts, oracle = many(4_000)
    given = list(labels_of(oracle, texts).values())
    assert 0.27 < 1 - given.count("fruit") / len(given) < 0.33
    assert 0.8 < given.count("cheese") / given.count("bread") < 1.25


def test_noise_is_the_same_for_a_text_in_any_order_and_run_but_not_for_another_seed() -> None:
    texts, oracle = many(200)
    first = labels_of(oracle, texts)
    assert labels_of(oracle, texts[::-1]) == first
    assert labels_of(many(200)[1], texts[50:]) == {text.id: first[text.id] for text in texts[50:]}
    assert labels_of(replay(noise=0.5, seed=1), TEXTS) != labels_of(replay(noise=0.5, seed=2), TEXTS)


@pytest.mark.parametrize("noise", [-0.1, 1.1, float("nan")])
def test_noise_that_is_no_probability_is_refused(noise: float) -> None:
    with pytest.raises(AskAgain, match="between 0 and 1"):
        replay(noise=noise)


def ids(*labels: str) -> dict[TextId, str]:
    return {TextId(f"t{n}"): label for n, label in enumerate(labels)}


def test_recorded_labels_are_compared_without_case_and_space_and_empty_ones_left_out() -> None:
    recorded = normalise_labels(ids(" Fruit", "CHEESE\n", "", "  "), TASK)
    assert dict(recorded.labels) == {"t0": "fruit", "t1": "cheese"}
    assert not recorded.as_rest


def test_labels_outside_the_classes_count_as_the_rest_where_there_is_one() -> None:
    task = Task(
        name="t", pool="p", description="", classes=(*TASK.classes, ClassDefinition(name="Other")), rest="Other"
    )
    recorded = normalise_labels(ids("fruit", "pets", "pets", "wine", "other"), task)
    assert list(recorded.labels.values()) == ["fruit", "Other", "Other", "Other", "Other"]
    assert dict(recorded.as_rest) == {"pets": 2, "wine": 1}


def test_labels_that_are_all_spelled_otherwise_are_refused_and_the_likely_ones_named_first() -> None:
    classes = (ClassDefinition(name="fresh fruit"), ClassDefinition(name="other"))
    task = Task(name="t", pool="p", description="", classes=classes, rest="other")
    with pytest.raises(
        UnknownLabel, match=r"None of the 5 recorded labels is 'fresh fruit'.*'fruit' \(1\), 'pets' \(3\)"
    ):
        normalise_labels(ids("pets", "pets", "fruit", "pets", "other"), task)
    assert normalise_labels(ids("other", "Other"), task).labels == {"t0": "other", "t1": "other"}


def test_labels_outside_the_classes_of_a_task_without_rest_are_named_ten_at_most() -> None:
    with pytest.raises(UnknownLabel) as caught:
        normalise_labels(ids("fruit", "pets", "pets", *(f"aisle {n}" for n in range(20))), TASK)
    message = str(caught.value)
    assert "22 of 23" in message
    assert "'pets' (2)" in message
    assert message.count("aisle") == 9
    assert "and 11 more" in message
    assert "'fruit', 'cheese', 'bread'" in message


# --- zero-shot ------------------------------------------------------------------------------------------------------


def test_zero_shot_confidence_is_the_probability_of_the_class() -> None:
    [answer] = ZeroShotOracle({TEXTS[1].id: [0.2, 0.7, 0.1]}, model="tiny").answers(TEXTS[1:2], TASK)
    assert (answer.label, answer.confidence, answer.model) == ("cheese", 0.7, "tiny")


def test_zero_shot_rows_of_another_task_are_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="3 classes"):
        list(ZeroShotOracle({TEXTS[0].id: [0.5, 0.5]}, model="tiny").answers(TEXTS[:1], TASK))
