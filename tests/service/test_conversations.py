"""Conversations over HTTP: messages, events, cards, labels, and a service that dies in the middle."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.test_server import serving
from tests.support.chat_endpoint import Body, ChatEndpoint, Reply, call, words
from tests.support.laud_process import Laud, kill, until
from tests.support.openai_endpoint import Fault
from tests.support.running_service import lines, seen, served
from tests.support.scripted_model import ScriptedModel, calls, in_turn, says
from tests.support.small_loop import small_bench, small_task
from tests.support.talk import TASK, set_up
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench


def _begin(client: httpx.Client) -> str:
    return str(client.post("/conversations", json={"title": "A talk"}).json()["id"])


def _say(client: httpx.Client, conversation: str, text: str) -> None:
    sent = client.post(f"/conversations/{conversation}/messages", json={"text": text})
    assert (sent.status_code, sent.json()["status"]) == (202, "queued")


def _at_rest(client: httpx.Client, conversation: str) -> dict[str, Any]:
    """The conversation when no turn is at work in it."""
    view: dict[str, Any] = seen(client, f"/conversations/{conversation}", lambda found: not found["busy"])
    return view


@contextmanager
def talking(workspace: Path, model: ScriptedModel) -> Iterator[tuple[Workbench, httpx.Client, str]]:
    """A service with a task over a pool, and a conversation in it."""
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as bench:
        set_up(bench)
        with served(bench, model, heartbeat=0.2) as client:
            yield bench, client, _begin(client)


def test_a_message_is_answered_in_events_and_in_the_view(workspace: Path) -> None:
    model = in_turn(calls("inspect_pool", show="texts", limit=2), says("Two texts."))
    with talking(workspace, model) as (_, client, talk):
        _say(client, talk, "show me some")
        with client.stream("GET", "/events/stream", params={"conversation": talk}) as response:
            seen: list[dict[str, Any]] = []
            for event in lines(response):
                seen += [event["data"]] if "data" in event else []
                if seen and seen[-1]["kind"] == "turn.finished":
                    break
        kinds = [event["kind"] for event in seen if event["kind"] != "token"]
        assert kinds == ["turn.started", "message", "tool.started", "tool.finished", "message", "turn.finished"]
        view = _at_rest(client, talk)
        assert [(one["role"], one["text"]) for one in view["messages"] if one["text"]][-1] == (
            "assistant",
            "Two texts.",
        )
        assert [one["role"] for one in view["messages"]] == ["user", "assistant", "tool", "assistant"]
        (asked,) = view["messages"][1]["calls"]
        assert (asked["name"], asked["args"]["limit"]) == ("inspect_pool", 2)
        assert len(view["messages"][2]["receipt"]["texts"]) == 2
        assert (view["pending"], view["jobs"], view["busy"]) == (None, [], False)
        assert view["last"] >= seen[-1]["offset"]


def test_conversations_are_listed_renamed_and_put_away(client: httpx.Client) -> None:
    first, second = _begin(client), _begin(client)
    assert [one["id"] for one in client.get("/conversations").json()] == [second, first]
    assert client.patch(f"/conversations/{first}", json={"title": "Another"}).json()["title"] == "Another"
    assert client.patch(f"/conversations/{second}", json={"archived": True}).json()["archived"]
    assert [one["title"] for one in client.get("/conversations", params={"owner": "local"}).json()] == ["Another"]
    assert [one["id"] for one in client.get("/conversations", params={"archived": True}).json()] == [second]
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/messages", None),
        ("PATCH", "", {"title": "x"}),
        ("POST", "/messages", {"text": "hello"}),
        ("POST", "/replies", {"decision": "approve"}),
    ):
        assert client.request(method, f"/conversations/none{path}", json=body).status_code == 404
    for text in ("", "   ", "x" * 20_001):
        assert client.post(f"/conversations/{first}/messages", json={"text": text}).status_code == 422
    assert client.post(f"/conversations/{first}/replies", json={"decision": "approve"}).status_code == 422


def test_a_message_that_is_sent_again_was_said_once(workspace: Path) -> None:
    with talking(workspace, in_turn(says("Hello."), says("Again."))) as (_, client, talk):
        address, key = f"/conversations/{talk}/messages", {"Idempotency-Key": "my-words-1"}
        sent = [client.post(address, json={"text": "hello"}, headers=key).json()["id"] for _ in range(2)]
        _at_rest(client, talk)
        sent.append(client.post(address, json={"text": "hello"}, headers=key).json()["id"])
        assert len(set(sent)) == 1
        other = client.post(address, json={"text": "goodbye"}, headers=key)
        assert (other.status_code, "another message already" in other.json()["detail"]) == (409, True)
        _say(client, talk, "hello")
        said = [(one["role"], one["text"]) for one in _at_rest(client, talk)["messages"]]
        assert said == [("user", "hello"), ("assistant", "Hello."), ("user", "hello"), ("assistant", "Again.")]


def _plainly(messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What was said, called and answered, one after the other."""
    found: list[Any] = []
    for one in messages:
        found += [(one["role"], one["text"])] if one["text"] and one["role"] != "job" else []
        found += [call["name"] for call in one["calls"]]
        found += [one["receipt"]] if one["role"] == "tool" else []
    return found


def test_a_conversation_is_told_again_from_its_events(tmp_path: Path) -> None:
    model = in_turn(
        calls("inspect_pool", show="texts", limit=2),
        says("Two texts."),
        calls("delete_task", task=TASK),
        says("I leave it."),
        calls("run_rounds", oracle="human", gold=4, batch=4, labels=8),
        says("Four wait."),
    )
    with small_bench(tmp_path, attended=False) as bench, served(bench, model) as client:
        small_task(bench, TASK)
        talk = _begin(client)
        for text in ("show me some", "delete the task"):
            _say(client, talk, text)
            _at_rest(client, talk)
        client.post(f"/conversations/{talk}/replies", json={"decision": "refuse", "reason": "I need it"})
        _at_rest(client, talk)
        _say(client, talk, "let me label")
        view = seen(client, f"/conversations/{talk}", lambda found: found["pending"] and not found["busy"])
        address = f"/conversations/{talk}/messages"
        told = client.get(address).json()
        assert (told["more"], view["more"]) == (False, False)
        without = [one for one in _plainly(view["messages"]) if not (isinstance(one, dict) and "reason" in one)]
        refused = {"error": "The person did not allow this; nothing was done."}
        assert [one for one in _plainly(told["messages"]) if one != refused] == without
        assert refused in _plainly(told["messages"])
        last = next(one["id"] for one in reversed(view["messages"]) if one["role"] == "user")
        found = client.get(address, params={"before": last, "limit": 2}).json()
        assert (found["more"], _plainly(found["messages"])[-1]) == (True, ("assistant", "I leave it."))
        assert len(found["messages"]) == 2
        assert client.get(address, params={"before": "nothing"}).status_code == 422


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_what_destroys_is_asked_about_first(workspace: Path, decision: str) -> None:
    model = in_turn(calls("delete_task", task=TASK), says("Understood."))
    with talking(workspace, model) as (bench, client, talk):
        _say(client, talk, "delete it")
        pending = _at_rest(client, talk)["pending"]
        assert (pending["kind"], pending["tool"]) == ("approval", "delete_task")
        wrong = client.post(f"/conversations/{talk}/replies", json={"decision": "approve", "changes": {"labels": 3}})
        assert (wrong.status_code, "cannot be changed" in wrong.json()["detail"]) == (422, True)
        body = {"decision": decision, **({"reason": "I need it"} if decision == "refuse" else {})}
        assert client.post(f"/conversations/{talk}/replies", json=body).status_code == 202
        view = _at_rest(client, talk)
        assert view["pending"] is None
        assert (TASK in bench.tasks.names()) == (decision == "refuse")
        kinds = [one["kind"] for one in client.get("/events", params={"conversation": talk}).json()["events"]]
        assert (kinds.count("approval.asked"), kinds.count("approval.answered")) == (1, 1)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"decision": "approve"}, "yes"),
        ({"decision": "approve", "changes": {"labels": 200}}, "yes"),
        ({"decision": "approve", "changes": {"labels": 50}}, "label 50 texts, batches of 20, labeled by you"),
        ({"decision": "approve", "changes": {"gold": 30, "batch": None}},
         "label 200 texts, 30 texts to judge by, labeled by you"),
        ({"decision": "refuse", "reason": "later"}, "no"),
    ],
)  # fmt: skip
def test_a_plan_is_answered_like_a_card_and_the_answer_is_said(
    workspace: Path, reply: dict[str, Any], said: str
) -> None:
    plan = "220 answers are needed.\nPlan: label 200 texts, batches of 20, labeled by you\nSay yes to start."
    with talking(workspace, in_turn(says(plan), says("I heard you."))) as (_, client, talk):
        _say(client, talk, "find baby care")
        view = _at_rest(client, talk)
        assert view["plan"] == {
            "editable": {"labels": 200, "batch": 20, "gold": None},
            "words": "label 200 texts, batches of 20, labeled by you",
        }
        wrong = client.post(
            f"/conversations/{talk}/replies", json={"decision": "approve", "changes": {"labels": 0, "batch": -1}}
        )
        assert (wrong.status_code, "batch, labels must be more than 0" in wrong.json()["detail"]) == (422, True)
        assert client.post(f"/conversations/{talk}/replies", json=reply).status_code == 202
        after = _at_rest(client, talk)
        assert [one["text"] for one in after["messages"]] == ["find baby care", plan, said, "I heard you."]
        assert after["plan"] is None


def test_a_conversation_goes_on_when_the_last_text_is_labeled(tmp_path: Path) -> None:
    model = in_turn(
        calls("run_rounds", oracle="human", gold=4, batch=4, labels=8), says("Four wait."), says("Now the seed.")
    )
    with small_bench(tmp_path, attended=False) as bench, served(bench, model) as client:
        small_task(bench, TASK)
        talk = _begin(client)
        _say(client, talk, "let me label")
        seen(client, f"/conversations/{talk}", lambda found: found["pending"])
        assert _at_rest(client, talk)["pending"] == {"kind": "labels", "task": TASK, "texts": 4}
        waiting = client.get(f"/tasks/{TASK}/waiting").json()
        labels = {one["id"]: waiting["classes"][0] for one in waiting["texts"]}
        (last, *others) = labels
        client.post(f"/tasks/{TASK}/labels", json={"labels": {name: labels[name] for name in others}})
        assert client.get(f"/conversations/{talk}").json()["pending"]["texts"] == 4
        assert len(bench.jobs.list()) == 1
        assert client.post(f"/tasks/{TASK}/labels", json={"labels": {last: labels[last]}}).json()["waiting"] == 0
        until(lambda: len(bench.jobs.list("done")) == 2, "the run to go on")
        seen(client, f"/conversations/{talk}", lambda found: len(found["messages"]) > 7)
        assert _at_rest(client, talk)["messages"][-1]["text"] == "Now the seed."
        assert client.get(f"/tasks/{TASK}/waiting").json()["texts"][0]["role"] == "seed"


def test_a_service_that_dies_in_an_answer_and_at_a_card_goes_on(workspace: Path) -> None:
    with open_workbench(Settings(workspace=workspace), write=True) as bench:
        set_up(bench)

    def answer(body: Body) -> Reply:
        return words("Gone.") if body["messages"][-1]["role"] == "tool" else call("delete_task", task=TASK)

    with ChatEndpoint(answer, faults=[Fault(hold=True)]) as endpoint:
        env = {f"LAUD_{name.upper()}": str(value) for name, value in endpoint.settings().items()}
        laud = Laud(workspace=workspace, env=env)
        with serving(laud) as (process, client):
            talk = _begin(client)
            _say(client, talk, "delete the task")
            until(lambda: endpoint.requests, "the question to the model")
            kill(process)
        endpoint.released.set()
        with serving(laud) as (process, client):
            assert _at_rest(client, talk)["pending"]["tool"] == "delete_task"
            kill(process)
        with serving(laud) as (_, client):
            assert _at_rest(client, talk)["pending"]["tool"] == "delete_task"
            assert client.post(f"/conversations/{talk}/replies", json={"decision": "approve"}).status_code == 202
            view = _at_rest(client, talk)
            assert client.get("/tasks").json() == []
            assert [one["text"] for one in view["messages"] if one["role"] == "user"] == ["delete the task"]
            assert [one["role"] for one in view["messages"]] == ["user", "assistant", "tool", "assistant"]
