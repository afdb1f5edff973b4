"""Money: what was paid for is not paid for again, limits hold, estimates are ranges, batches go and come back."""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.batch_endpoint import BatchEndpoint
from tests.support.laud_process import until
from tests.support.openai_endpoint import KEY, Fault, OpenAIEndpoint
from tests.support.stored import NOW, make_text
from tools.answers import Purpose
from tools.costs import costs
from tools.engine.errors import AskAgain, BudgetSpent, OracleUnavailable
from tools.engine.records import Task, TextId
from tools.labeling import Asked, ask, label_texts, waiting
from tools.offline import collect, drop, submit, write
from tools.oracles import demonstrations, open_oracle
from tools.request_size import measure_request_size
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

TEXTS = 40
ASKING = """
from tools.answers import Purpose
from tools.labeling import ask
from tools.oracles import open_oracle
from tools.settings import Settings
from tools.workbench import open_workbench

with open_workbench(Settings(), write=True) as bench:
    task = bench.tasks.get("t")
    purpose = Purpose(task=task, role="train", round=1)
    ask(bench, open_oracle(bench, task, "llm"), bench.pools.text_ids("receipts"), purpose)
"""
"""A program that asks about all texts."""


def label_of(text: str) -> str:
    return "a" if len(text) % 2 else "b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workspace whose language model answers at an endpoint of its own."""

    folder: Path
    endpoint: BatchEndpoint

    @contextmanager
    def bench(self, **settings: Any) -> Iterator[Workbench]:
        """A workbench that writes."""
        given = {"llm_base_url": self.endpoint.url, "llm_api_key": SecretStr(KEY), "llm_model": "gpt-4o-mini"}
        with open_workbench(
            Settings(workspace=self.folder, **{**given, **settings}), write=True, clock=lambda: NOW, attended=False
        ) as bench:
            if "receipts" not in bench.pools.names():
                _fill(bench)
            yield bench

    @contextmanager
    def looking(self) -> Iterator[Workbench]:
        """One that reads."""
        with open_workbench(Settings(workspace=self.folder)) as bench:
            yield bench


def _fill(bench: Workbench) -> None:
    bench.pools.create("receipts", "no-encoder")
    bench.pools.begin_import("receipts", "print", "lines.txt")
    bench.pools.add_rows("receipts", "print", [make_text(n) for n in range(TEXTS)], [], rows_done=TEXTS)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with BatchEndpoint(label_of) as endpoint:
        yield Place(folder=tmp_path / "workspace", endpoint=endpoint)


def make(bench: Workbench, name: str = "t", **changes: Any) -> Task:
    return create_task(
        bench, make_spec({"name": name, "pool": "receipts", "description": "Sort.", "classes": ["a", "b"], **changes})
    )


def ask_all(bench: Workbench, task: Task, ids: list[TextId] | None = None, **purpose: Any) -> Asked:
    oracle = open_oracle(bench, task, "llm")
    return ask(
        bench, oracle, ids or bench.pools.text_ids("receipts"), Purpose(task=task, role="train", round=1, **purpose)
    )


# --- never twice ------------------------------------------------------------------------------------------------------


def test_another_task_with_the_same_prompt_and_one_made_again_pay_nothing(place: Place) -> None:
    with place.bench() as bench:
        first = ask_all(bench, make(bench, "one"))
        assert first.cost > 0
        asked = len(place.endpoint.requests)
        second = ask_all(bench, make(bench, "two"))
        bench.tasks.delete("one")
        third = ask_all(bench, make(bench, "one"))
        other = ask_all(
            bench, make(bench, "three", description="Sort otherwise."), bench.pools.text_ids("receipts")[:3]
        )
    assert len(place.endpoint.requests) == asked + 3
    assert (second.cost, third.cost, second.calls) == (0.0, 0.0, TEXTS)
    assert other.cost > 0
    for one in (second, third):
        assert {i: label.answer.label for i, label in one.labels.items()} == {
            i: label.answer.label for i, label in first.labels.items()
        }
        assert {label.answer.confidence for label in one.labels.values()} == {
            label.answer.confidence for label in first.labels.values()
        }
    assert "nothing was paid again" in str(next(iter(second.labels.values())).answer.note)


def test_a_kill_between_answer_and_label_loses_neither_the_answer_nor_its_cost(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        oracle = open_oracle(bench, task, "llm")
        texts = bench.pools.texts("receipts")
        answers = oracle.answers(texts, task)
        arrived = [next(answers) for _ in range(5)]  # the answers are committed, and no label is
        answers.close()  # type: ignore[attr-defined]  # the port promises an iterator; this one is a generator
        asked = Counter(place.endpoint.texts())
    with place.bench() as bench:
        ask_all(bench, bench.tasks.get("t"))
        # The last one was handed out and not committed, as by a process that is killed there.
        assert bench.labels.current("t")[arrived[-1].text_id].answer.cost == arrived[-1].cost > 0
        again = Counter(place.endpoint.texts())
        by_id = {text.id: text.text for text in texts}
        assert all(again[by_id[answer.text_id]] == asked[by_id[answer.text_id]] == 1 for answer in arrived)
        spent = bench.labels.spent("t")
        bench.tasks.delete("t")
        assert ask_all(bench, make(bench)).cost == 0
    assert spent > 0


def test_what_has_arrived_is_committed_however_slowly_it_is_taken(place: Place) -> None:
    """Whoever asked is busy with the first answer; all others arrive meanwhile, and a kill then loses none."""
    with place.bench() as bench:
        task = make(bench)
        texts = bench.pools.texts("receipts")
        answers = open_oracle(bench, task, "llm").answers(texts, task)
        next(answers)
        until(lambda: kept(place.folder) == TEXTS, "all answers to be kept")
        assert len(bench.labels.current("t")) == 0
        answers.close()  # type: ignore[attr-defined]  # as above


def kept(folder: Path) -> int:
    """How many answers are committed, as any other process sees it."""
    with closing(sqlite3.connect(f"file:{folder / 'laud.db'}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM answer_cache").fetchone()[0])


def test_what_comes_to_nothing_is_not_under_way(place: Place) -> None:
    """Errors, unreadable replies and answers that are kept are counted off; what a stop gives up is no kill's."""
    texts = [make_text(n).text for n in range(TEXTS)]
    place.endpoint.faults_of = {
        texts[0]: Fault(status=400, code="invalid"), texts[1]: Fault(content="neither"),
        texts[2]: Fault(hold=True)}  # fmt: skip
    with place.bench() as bench:
        task = make(bench)
        answers = open_oracle(bench, task, "llm").answers(bench.pools.texts("receipts"), task)
        arrived = [next(answers) for _ in range(TEXTS - 1)]
        (note,) = (place.folder / "under_way").iterdir()
        until(lambda: note.read_bytes().strip() == b"1", "all but the one that is held to be counted off")
        answers.close()  # type: ignore[attr-defined]  # as above
        assert not note.exists()
    assert sum(one.outcome == "failed" for one in arrived) == 2
    place.endpoint.released.set()


def test_a_killed_process_goes_on_without_paying_twice(place: Place) -> None:
    texts = [make_text(n).text for n in range(TEXTS)]
    place.endpoint.faults_of = {text: Fault(hold=True) for text in texts[25:]}
    with place.bench() as bench:
        make(bench)
    env = {
        "LAUD_WORKSPACE": str(place.folder),
        "LAUD_LLM_BASE_URL": place.endpoint.url,
        "LAUD_LLM_API_KEY": KEY,
        "LAUD_LLM_MODEL": "gpt-4o-mini",
        "LAUD_LLM_CONCURRENCY": "4",
    }
    with subprocess.Popen([sys.executable, "-c", ASKING], env=os.environ | env) as child:
        with place.looking() as bench:
            until(lambda: len(bench.labels.current("t")) == 25, "25 answers to be stored")
            until(lambda: len(place.endpoint.texts()) >= 25 + 4, "four requests to be under way")
            assert bench.language_models.left_under_way() == 0, "nothing was killed"
        child.kill()
    before = Counter(place.endpoint.texts())
    place.endpoint.faults_of = {}
    place.endpoint.released.set()
    with place.bench() as bench:
        ask_all(bench, bench.tasks.get("t"))
        assert len(bench.labels.current("t")) == TEXTS
        assert costs(bench, bench.tasks.get("t")).under_way_at_kills == 4
        assert [one.read_bytes().strip() for one in (place.folder / "under_way").iterdir()] == [b"4"], (
            "the killed one's"
        )
    after = Counter(place.endpoint.texts())
    assert {text for text, count in after.items() if count > 1} == {text for text in before if text in texts[25:]}


# --- limits and estimates ---------------------------------------------------------------------------------------------


def test_a_budget_is_used_up_and_never_passed(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        one = bench.llm_oracle(task).price(bench.pools.texts("receipts")[:1])
        with pytest.raises(BudgetSpent, match="next answer can cost up to"):
            ask_all(bench, task, budget=3 * one)
        spent = bench.labels.spent("t")
        assert 2 * one < spent + one * 1.001
        assert spent <= 3 * one
        assert len(bench.labels.current("t")) > 3, "answers cost less than they could"
        found = costs(bench, task)
        assert (found.spent, found.limit, found.sources[0].source) == (spent, None, "llm:gpt-4o-mini")


def test_an_estimate_gets_narrow_when_tokens_have_been_counted(place: Place) -> None:
    with place.bench() as bench:
        task, other = make(bench), make(bench, "other", description="Sort these lines into two classes, by length.")
        texts = bench.pools.texts("receipts")
        low, high, counted = bench.language_models.expected(other, texts) or (0.0, 0.0, 0)
        assert counted == 0
        ask_all(bench, task)
        closer = bench.language_models.expected(other, texts) or (0.0, 0.0, 0)
        assert closer[2] == TEXTS
        cost = ask_all(bench, other).cost
        assert low < cost < high
        assert closer[0] < cost < closer[1]
        assert closer[1] - closer[0] < 0.3 * (high - low)


def test_a_price_table_of_ones_own_goes_before_the_shipped_one(place: Place, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text("[gpt-4o-mini]\ninput = 1000\noutput = 5000\n[gpt-own]\ninput = 1\noutput = 2\n")
    with place.bench() as bench:
        task = make(bench)
        cheap = bench.llm_oracle(task).price(bench.pools.texts("receipts"))
    with place.bench(llm_prices=table) as bench:
        assert bench.llm_oracle(task).price(bench.pools.texts("receipts")) > 1_000 * cheap
        assert bench.llm_oracle(task, model="gpt-own").price_known
        assert bench.llm_oracle(task, model="gpt-4o").price_known


def test_the_size_of_requests_is_measured_against_answers_alone(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        found = measure_request_size(bench, task, sizes=(5, 10), sample=20)
        assert [one.items for one in found.tried] == [1, 5, 10]
        assert (found.recommended, found.texts) == (10, 20)
        assert found.tried[2].dollars_per_text < 0.5 * found.tried[0].dollars_per_text
        assert found.cost == pytest.approx(bench.opinions.spent("t"))
        assert bench.labels.current("t") == {}
        with pytest.raises(AskAgain, match="2 texts a request"):
            measure_request_size(bench, task, sizes=(1,))


def test_a_size_at_which_answers_change_is_not_recommended(place: Place) -> None:
    together = [False]

    def confused(text: str) -> str:
        return "a" if together[0] else label_of(text)

    place.endpoint.label = confused
    with place.bench() as bench:
        task = make(bench)
        ask_all(bench, task)
        together[0] = True
        found = measure_request_size(bench, task, sizes=(5,), sample=20)
    assert found.recommended == 1
    assert found.tried[1].alike.value < 0.9


def test_demonstrations_are_texts_of_people_outside_gold_and_what_is_asked(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        texts = bench.pools.texts("receipts")
        ask_all(bench, task, [texts[9].id])
        label_texts(bench, task, {text.id: label_of(text.text) for text in texts[:4]})
        chosen = demonstrations(bench, task, texts[2:])
        assert {one.text for one in chosen} == {text.text for text in texts[:2]}
        ask_all(bench, task, [text.id for text in texts[10:12]])
    system = place.endpoint.requests[-1].body["messages"][0]["content"]
    assert all(json.dumps(text.text)[1:-1] in system for text in texts[:4])


# --- batches ----------------------------------------------------------------------------------------------------------


def wait_for(bench: Workbench, task: Task, size: int) -> list[TextId]:
    """Texts that wait for a label, as a run leaves them."""
    from tools.engine.records import Pick, Round, RoundStatus  # noqa: PLC0415 - used here alone

    picks = [Pick(text_id=i, score=1.0, strategy="given") for i in bench.pools.text_ids("receipts")[:size]]
    made = Round(number=0, status=RoundStatus.SELECTED, strategy="given", learner="head", seed=0)
    bench.rounds.save(task.name, made, picks)
    return [pick.text_id for pick in picks]


def test_a_batch_is_submitted_and_collected_at_half_the_price(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        ids = wait_for(bench, task, 12)
        sent = submit(bench, task)
        assert sent.batch is not None
        assert (sent.batch.state, len(place.endpoint.batches)) == ("submitted", 1)
        assert collect(bench, task).labels == 0
        assert ask_all(bench, task, ids).calls == 0, "not asked about while they are in a batch"
        assert costs(bench, task).reserved == sent.batch.most_dollars
        place.endpoint.finish()
        found = collect(bench, task)
        assert (found.labels, found.failed, [one.state for one in found.batches]) == (12, 0, ["collected"])
        assert waiting(bench, task) == []
        assert {i: label.answer.label for i, label in bench.labels.current("t").items()} == {
            text.id: label_of(text.text) for text in bench.pools.texts("receipts", ids)
        }
        assert 0 < found.cost < sent.batch.most_dollars
        assert collect(bench, task).batches == ()
        assert costs(bench, task).spent == pytest.approx(found.cost)
        live = ask_all(bench, make(bench, "other"), ids)
        assert live.cost == 0, "answers of a batch are kept like others"
        fresh = ask_all(bench, make(bench, "third", description="Sort it."), ids)
        assert found.cost == pytest.approx(fresh.cost / 2, rel=0.1)
    assert place.endpoint.requests, "only the last was asked directly"


def test_a_batch_submitted_by_a_process_that_died_is_found_again(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        wait_for(bench, task, 5)
        place.endpoint.lose_next_answer = True
        with pytest.raises(OracleUnavailable, match="batch files"):
            submit(bench, task)
        sent = submit(bench, task)
    assert len(place.endpoint.batches) == 1
    assert sent.batch is not None
    assert sent.batch.remote == place.endpoint.batches[0].id


def test_texts_without_an_answer_wait_again_and_are_told(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        ids = wait_for(bench, task, 6)
        texts = bench.pools.texts("receipts", ids)
        place.endpoint.faults_of = {texts[0].text: Fault(status=400), texts[1].text: Fault(content="what?")}
        submit(bench, task)
        label_texts(bench, task, {ids[5]: "a"})
        place.endpoint.finish()
        found = collect(bench, task)
        assert (found.labels, found.failed) == (4, 2)
        assert {text.id for text in waiting(bench, task)} == {ids[0], ids[1]}
        assert bench.labels.current("t")[ids[5]].answer.source == "human", "a person's label stays"
        assert bench.opinions.spent("t") > 0, "and what the batch said is kept and counted"


def test_a_batch_that_was_written_can_be_answered_by_hand_or_dropped(place: Place, tmp_path: Path) -> None:
    with place.bench() as bench:
        task = make(bench)
        wait_for(bench, task, 4)
        batch = write(bench, task).batch
        assert batch is not None
        lines = [json.loads(line) for line in Path(batch.path).read_text().splitlines()]
        assert {line["url"] for line in lines} == {"/v1/chat/completions"}
        assert lines[0]["body"]["response_format"]["json_schema"]["strict"] is True
        answers = tmp_path / "answers.jsonl"
        answers.write_bytes(b"".join(place.endpoint._answer(line) for line in lines))  # noqa: SLF001 - as it would send
        assert collect(bench, task, file=answers).labels == 4
        wait_for(bench, make(bench, "u", description="Other."), 4)
        other = write(bench, bench.tasks.get("u")).batch
        assert other is not None
        assert drop(bench, bench.tasks.get("u")) == 1
        assert not Path(other.path).exists()


def test_what_a_batch_cannot_do_is_told(place: Place) -> None:
    with place.bench() as bench:
        task = make(bench)
        with pytest.raises(AskAgain, match="No text of task 't' waits"):
            submit(bench, task)
        wait_for(bench, task, 8)
        with pytest.raises(BudgetSpent, match="8 texts that wait"):
            submit(bench, task, budget=0.000_001)
        with OpenAIEndpoint(label_of) as plain, Place(folder=place.folder / "x", endpoint=plain).bench() as other:  # type: ignore[arg-type] # one without batches
            made = make(other)
            wait_for(other, made, 2)
            with pytest.raises(OracleUnavailable, match="Not every endpoint has them"):
                submit(other, made)
