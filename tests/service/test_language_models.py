"""Offline batches, sizes of requests and costs over HTTP and at the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.support.batch_endpoint import BatchEndpoint
from tests.support.laud_process import Laud
from tests.support.openai_endpoint import KEY
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tests.support.stored import make_text
from tools.engine.records import Pick, Round, RoundStatus
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

TEXTS = 20


@pytest.fixture
def endpoint() -> Iterator[BatchEndpoint]:
    with BatchEndpoint(lambda text: "a" if len(text) % 2 else "b") as opened:
        yield opened


@contextmanager
def waiting_bench(workspace: Path, endpoint: BatchEndpoint) -> Iterator[Workbench]:
    """A workspace with a task of which six texts wait."""
    settings = Settings(
        workspace=workspace, llm_base_url=endpoint.url, llm_api_key=SecretStr(KEY), llm_model="gpt-4o-mini"
    )
    with open_workbench(settings, write=True, attended=False) as bench:
        bench.pools.create("receipts", "none")
        bench.pools.begin_import("receipts", "print", "lines.txt")
        bench.pools.add_rows("receipts", "print", [make_text(n) for n in range(TEXTS)], [], rows_done=TEXTS)
        create_task(bench, make_spec({"name": "t", "pool": "receipts", "classes": ["a", "b"], "budget": 1.0}))
        picks = [Pick(text_id=i, score=1.0, strategy="given") for i in bench.pools.text_ids("receipts")[:6]]
        made = Round(number=0, status=RoundStatus.SELECTED, strategy="given", learner="head", seed=0)
        bench.rounds.save("t", made, picks)
        yield bench


@pytest.fixture
def client(workspace: Path, endpoint: BatchEndpoint) -> Iterator[httpx.Client]:
    with waiting_bench(workspace, endpoint) as bench, served(bench, in_turn()) as opened:
        yield opened


def test_a_batch_is_approved_submitted_and_collected(client: httpx.Client, endpoint: BatchEndpoint) -> None:
    asked = client.post("/tasks/t/llm/batches")
    assert (asked.status_code, asked.json()["card"]["texts"], endpoint.batches) == (409, 6, [])
    assert asked.json()["card"]["dollars"][1] > 0
    sent = client.post("/tasks/t/llm/batches", params={"approve": True}).json()
    assert (sent["batch"]["state"], sent["batch"]["texts"], sent["known"]) == ("submitted", 6, 0)
    assert client.get("/tasks/t/llm/batches").json() == [sent["batch"]]
    assert client.get("/tasks/t/llm/costs").json()["reserved"] == sent["batch"]["most_dollars"]
    assert client.post("/tasks/t/llm/batches/collect").json()["labels"] == 0
    endpoint.finish()
    found = client.post("/tasks/t/llm/batches/collect").json()
    assert (found["labels"], found["batches"][0]["state"]) == (6, "collected")
    costs = client.get("/tasks/t/llm/costs").json()
    assert costs["spent"] == found["cost"] == pytest.approx(costs["limit"] - costs["left"])
    assert costs["sources"][0]["source"] == "llm:gpt-4o-mini"


def test_sizes_of_requests_are_measured_when_approved(client: httpx.Client, endpoint: BatchEndpoint) -> None:
    wanted = {"sizes": [5], "sample": 10}
    assert client.post("/tasks/t/llm/request-size", json=wanted).status_code == 409
    assert endpoint.requests == []
    found = client.post("/tasks/t/llm/request-size", json=wanted, params={"approve": True}).json()
    assert (found["recommended"], [one["items"] for one in found["tried"]]) == (5, [1, 5])
    assert client.post("/tasks/t/llm/request-size", json={"sizes": [1]}).status_code == 422


def test_the_command_line_does_the_same(workspace: Path, endpoint: BatchEndpoint) -> None:
    with waiting_bench(workspace, endpoint):
        pass
    env = {"LAUD_LLM_BASE_URL": endpoint.url, "LAUD_LLM_API_KEY": KEY, "LAUD_LLM_MODEL": "gpt-4o-mini"}
    laud = Laud(workspace=workspace, env=env)
    sent = laud("llm", "submit", "t", "--json").json
    assert (sent["batch"]["state"], len(sent["batch"]["texts"])) == ("submitted", 6)
    endpoint.finish()
    assert laud("llm", "collect", "t", "--json").json["collected"]["labels"] == 6
    account = laud("llm", "costs", "t")
    assert "6 texts, collected (completed)" in account.out
    assert "of $1.0000" in account.out
