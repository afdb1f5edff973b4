"""The whole way from a file to predictions over HTTP, with the tools that conversations use."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from agent.toolbelt import TOOLS
from tests.support.laud_process import until, write_csv
from tests.support.running_service import finished, seen, served
from tests.support.scripted_model import in_turn
from tests.support.small_loop import rows
from tests.support.tiny_encoder import write_tiny_encoder
from tools.settings import Settings
from tools.workbench import open_workbench

PROBLEM = "application/problem+json"
POOL, TASK = "receipts", "figures"
RUN = {"oracle": "replay:figures", "learner": "head", "gold": 24, "batch": 8, "labels": 24}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service whose workspace has a pool, a task, and a run of it."""
    folder = tmp_path_factory.mktemp("api")
    settings = Settings(
        workspace=folder / "workspace", encoder=str(write_tiny_encoder(folder / "encoder")), precision="float32"
    )
    with (
        open_workbench(settings, write=True, attended=False) as bench,
        served(bench, in_turn()) as opened,
    ):
        file = write_csv(folder / "receipts.csv", rows())
        sent = opened.post("/uploads", files={"file": (file.name, file.read_bytes())})
        added = opened.post(f"/pools/{POOL}/texts", json={"file": sent.json()["file"], "text_column": "text"})
        assert finished(opened, added.json()["id"])["status"] == "done"
        classes = [{"name": "figures", "definition": "has a figure"}, {"name": "words"}]
        task = {"name": TASK, "pool": POOL, "classes": classes, "description": "Which lines have a figure?"}
        assert opened.put(f"/tasks/{TASK}", json=task).status_code == 200
        ran = opened.post(f"/tasks/{TASK}/rounds", json=RUN)
        assert (ran.status_code, ran.json()["status"] in {"queued", "running"}) == (202, True)
        assert finished(opened, ran.json()["id"])["status"] == "done"
        yield opened


def _told(answer: httpx.Response, status: int) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    problem = answer.json()
    assert problem["status"] == status
    return str(problem["detail"])


def test_the_pool_is_there_and_can_be_looked_at(client: httpx.Client) -> None:
    (pool,) = client.get("/pools").json()
    assert (pool["name"], pool["texts"] > 200) == (POOL, True)
    overview = client.get(f"/pools/{POOL}").json()
    assert overview["texts"] == pool["texts"]
    (some, *_) = client.get(f"/pools/{POOL}", params={"show": "texts", "limit": 3}).json()["texts"]
    word = some["text"].split()[0]
    found = client.get(f"/pools/{POOL}", params={"show": "similar", "words": [word], "limit": 3}).json()
    assert found["texts"]
    assert all(word.casefold() in one["text"].casefold() for one in found["texts"])


def test_the_rounds_and_models_are_listed_with_their_scores(client: httpx.Client) -> None:
    rounds = client.get(f"/tasks/{TASK}/rounds").json()
    assert [one["number"] for one in rounds] == [*range(len(rounds))]
    last = rounds[-1]
    assert (last["status"], last["labels"], last["stop"]["rule"]) == ("closed", 24, "labels=24")
    accuracy = last["scores"]["accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    models = client.get("/models", params={"task": TASK}).json()
    assert [one["id"] for one in models] == [one["model_id"] for one in rounds]


def test_labels_come_in_pages_with_their_texts(client: httpx.Client) -> None:
    first = client.get(f"/tasks/{TASK}/labels", params={"limit": 10}).json()
    rest = client.get(f"/tasks/{TASK}/labels", params={"limit": 1000, "start": 10}).json()
    assert (len(first["labels"]), len(rest["labels"])) == (10, first["total"] - 10)
    assert len({one["text_id"] for one in first["labels"] + rest["labels"]}) == first["total"]
    assert all(one["source"] == "replay:figures" and one["text"] for one in rest["labels"])
    gold = client.get(f"/tasks/{TASK}/labels", params={"role": "gold", "history": True}).json()
    assert {one["role"] for one in gold["labels"]} == {"gold"}


def test_some_texts_are_classified_at_once(client: httpx.Client) -> None:
    found = client.post(f"/models/{TASK}/predictions", json={"texts": ["2 x 4 for 8", "whole milk"]}).json()
    assert [len(one["probabilities"]) for one in found] == [2, 2]
    for one in found:
        assert one["probability"] == one["probabilities"][one["label"]]
        assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert "no task or model 'x'" in _told(client.post("/models/x/predictions", json={"texts": ["a"]}), 404)
    _told(client.post(f"/models/{TASK}/predictions", json={"texts": []}), 422)


def test_a_file_is_classified_and_fetched(client: httpx.Client) -> None:
    job = client.post(f"/tasks/{TASK}/predictions", json={"file": "receipts.csv", "text_column": "text"}).json()
    done = finished(client, job["id"])
    assert done["status"] == "done"
    (export,) = [one["path"] for one in client.get("/exports").json() if one["path"].endswith("receipts.csv")]
    assert client.get(f"/exports/{export}").text.startswith("row,")
    again = client.post(f"/tasks/{TASK}/predictions", json={"file": "receipts.csv"})
    assert "approve=true" in _told(again, 409)
    assert again.json()["card"]["tool"] == "predict"


def test_a_result_is_exported_and_not_written_over_unasked(client: httpx.Client) -> None:
    body = {"out": "mine", "format": "labels"}
    made = client.post(f"/tasks/{TASK}/exports", json=body)
    assert made.status_code == 200
    assert _told(client.post(f"/tasks/{TASK}/exports", json=body), 409)
    assert client.post(f"/tasks/{TASK}/exports", json=body, params={"approve": True}).status_code == 200
    assert "mine/labels.csv" in {one["path"] for one in client.get("/exports").json()}


def test_the_report_is_a_page_in_which_nothing_runs(client: httpx.Client) -> None:
    report = client.get(f"/tasks/{TASK}/report")
    assert report.headers["content-type"].startswith("text/html")
    assert "sandbox" in report.headers["content-security-policy"]
    assert TASK in report.text


@pytest.mark.parametrize("show", ["status", "scores", "rounds"])
def test_results_are_shown(client: httpx.Client, show: str) -> None:
    found = client.get(f"/tasks/{TASK}/results", params={"show": show}).json()
    assert (found["task"], found["show"]) == (TASK, show)


def test_the_same_request_again_is_the_same_job(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "run-once-please"}
    first = client.post(f"/tasks/{TASK}/rounds", json=RUN, headers=key).json()
    again = client.post(f"/tasks/{TASK}/rounds", json=RUN, headers=key).json()
    assert first["id"] == again["id"] == "run-once-please"
    other = client.post(f"/tasks/{TASK}/rounds", json={**RUN, "batch": 9}, headers=key)
    assert "another job already" in _told(other, 409)
    finished(client, first["id"])


def test_a_person_labels_what_waits(client: httpx.Client) -> None:
    name = "by hand"
    task = {"name": name, "pool": POOL, "classes": [{"name": "figures"}, {"name": "words"}]}
    assert client.put(f"/tasks/{name}", json=task).status_code == 200
    ran = client.post(f"/tasks/{name}/rounds", json={**RUN, "oracle": "human"}).json()
    done = finished(client, ran["id"])
    assert done["receipt"]["stop"]["rule"] == "waiting"
    waiting = client.get(f"/tasks/{name}/waiting").json()
    assert (waiting["total"], waiting["classes"]) == (24, ["figures", "words"])
    assert {one["role"] for one in waiting["texts"]} == {"gold"}
    labels = {one["id"]: "figures" for one in waiting["texts"][:5]}
    stored = client.post(f"/tasks/{name}/labels", json={"labels": labels}).json()
    assert (stored["stored"], stored["waiting"]) == (5, 19)
    undone = client.post(f"/tasks/{name}/labels/undo", json={"count": 2}).json()
    assert (len(undone["withdrawn"]), undone["waiting"]) == (2, 21)
    wrong = client.post(f"/tasks/{name}/labels", json={"labels": {waiting["texts"][0]["id"]: "nonsense"}})
    assert "nonsense" in _told(wrong, 422)
    assert "approve=true" in _told(client.delete(f"/tasks/{name}"), 409)
    assert client.delete(f"/tasks/{name}", params={"approve": True}).json()["labels"] >= 3
    assert _told(client.get(f"/tasks/{name}"), 404)


def test_a_job_is_followed_and_stopped(client: httpx.Client) -> None:
    body = {**RUN, "labels": 200, "batch": 2}
    job = client.post(f"/tasks/{TASK}/rounds", json=body).json()["id"]
    behind = client.post(f"/tasks/{TASK}/rounds", json=RUN).json()
    seen(client, f"/jobs/{job}", lambda found: found["stage"] is not None)
    assert client.get(f"/jobs/{behind['id']}").json()["place"] == 1
    assert f"Job {job}" in _told(client.delete(f"/tasks/{TASK}", params={"approve": True}), 409)
    assert client.delete(f"/jobs/{behind['id']}").json()["status"] == "cancelled"
    client.delete(f"/jobs/{job}")
    assert finished(client, job)["status"] == "cancelled"
    until(lambda: "job.cancelled" in _kinds_of(client, job), "the event", every=0.05)
    assert _kinds_of(client, job)[:2] == ["job.queued", "job.started"]
    assert "cancelled" in {one["status"] for one in client.get("/jobs", params={"status": "cancelled"}).json()}


def _kinds_of(client: httpx.Client, job: str) -> list[str]:
    events = client.get("/events", params={"limit": 1000}).json()["events"]
    return [one["kind"] for one in events if one["job"] == job]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/pools/x", None, 404, "'receipts'"),
        ("GET", "/tasks/x", None, 404, "'figures'"),
        ("GET", "/jobs/x", None, 404, "no job 'x'"),
        ("GET", "/models?task=x", None, 404, "'figures'"),
        ("GET", "/nowhere", None, 404, "Not Found"),
        ("PATCH", "/pools", None, 405, "Method Not Allowed"),
        ("POST", "/pools/p/texts", {"file": "none.csv", "colour": 1}, 422, "colour"),
        ("POST", "/pools/p/texts", {}, 422, "file"),
        ("POST", "/pools/p/texts", {"file": "a.csv", "pool": "q"}, 422, "address names the pool 'p'"),
        ("GET", "/pools/receipts?show=all", None, 422, "show"),
        ("GET", "/pools/receipts?show=similar", None, 422, "Say what to look for"),
        ("POST", "/tasks/x/rounds", {"oracle": "human"}, 404, "'figures'"),
        ("POST", "/tasks/figures/rounds", {"labels": 0}, 422, "labels"),
        ("PUT", "/tasks/bad", {"name": "bad", "pool": "receipts", "classes": [{"name": "a"}]}, 422, "classes"),
        ("PUT", "/tasks/new", {"name": "new", "pool": "receipts"}, 422, "Give its classes"),
        ("GET", "/tasks/figures/results?compare=1", None, 422, "compare"),
    ],
)
def test_a_mistake_is_told_in_words(  # noqa: PLR0917 - a row of the table above
    client: httpx.Client, method: str, path: str, body: dict[str, Any] | None, status: int, words: str
) -> None:
    assert words in _told(client.request(method, path, json=body), status)


def test_a_body_that_is_no_json_is_a_mistake_of_the_client(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"[]", b"null", b'{"title": "\\ud800"}'):
        _told(client.post("/conversations", content=content, headers=headers), 422)
    _told(client.post("/conversations", content=b"\xff", headers=headers), 400)


def test_metrics_count_requests_events_and_jobs(client: httpx.Client) -> None:
    client.get("/pools")
    text = client.get("/metrics").text
    assert 'laud_http_requests_total{method="GET",route="/pools",status="200"}' in text
    assert 'laud_events_total{kind="job.finished"}' in text
    assert 'laud_jobs{status="running"} 0.0' in text
    total = client.get(f"/tasks/{TASK}/labels").json()["total"]
    assert f'laud_labels{{task="{TASK}"}} {total}.0' in text


def test_the_description_is_complete(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"], where
            assert "422" not in operation["responses"] or PROBLEM in operation["responses"]["422"]["content"], where
            if path not in {"/health/live", "/health/ready"}:
                assert "401" in operation["responses"], where
                assert operation["security"], where
    assert described["components"]["schemas"]["Problem"]["properties"]["detail"]


def test_whatever_a_conversation_can_do_can_be_done_here(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert not {tool.api for tool in TOOLS} - routes


def test_what_the_tools_take_the_requests_take_too(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    for tool in TOOLS:
        method, path = tool.api.split()
        operation = described["paths"][path][method.lower()]
        taken = {one["name"] for one in operation.get("parameters", ())}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if body:
            taken |= set(described["components"]["schemas"][body["$ref"].rpartition("/")[2]]["properties"])
        assert set(tool.args.model_fields) <= taken | ({"name"} if "{task}" in path else set()), tool.name


def test_the_pages_that_would_load_from_elsewhere_are_not_there(client: httpx.Client) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]


def test_names_with_odd_letters_work(client: httpx.Client) -> None:
    task = {"name": "Bäby ☕", "pool": POOL, "classes": [{"name": "a"}, {"name": "b"}]}
    refused = client.put("/tasks/B%C3%A4by%20%E2%98%95", json=task)
    assert "name" in _told(refused, 422)
    task["name"] = "Bäby 1"
    assert client.put("/tasks/B%C3%A4by%201", json=task).json()["task"] == "Bäby 1"
    assert client.get("/tasks/B%C3%A4by%201").json()["name"] == "Bäby 1"
