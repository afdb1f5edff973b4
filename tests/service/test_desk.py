"""The desk over HTTP: two people at once, roles, conflicts, agreement, files, and a conversation that goes on."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.desk_room import TASK, draw_gold, furnish, text
from tests.support.running_service import seen, served
from tests.support.scripted_model import calls, in_turn, says
from tests.support.small_loop import small_bench, small_task
from tools.engine.records import DeskSettings, TextId, UserRole
from tools.workbench import Workbench

DESK = f"/tasks/{TASK}/desk"


@pytest.fixture
def tokens(bench: Workbench) -> dict[str, dict[str, str]]:
    """Headers of users of each role."""
    roles = {"olga": "owner", "ada": "annotator", "bob": "annotator", "vic": "viewer"}
    return {
        name: {"Authorization": f"Bearer {bench.users.add(name, role)}"}  # type: ignore[arg-type] # roles by name
        for name, role in roles.items()
    }


@pytest.fixture
def people(bench: Workbench, tokens: dict[str, dict[str, str]]) -> Iterator[httpx.Client]:
    """The service with users."""
    assert tokens
    with served(bench, in_turn(), local=False) as opened:
        yield opened


def told(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_one_sits_down_and_answers_with_the_next_text_loaded(bench: Workbench, client: httpx.Client) -> None:
    furnish(bench)
    opened = told(client.post(DESK, json={"ahead": 2}))
    assert [(one["key"], one["name"]) for one in opened["classes"]] == [("1", "food"), ("2", "drink"), ("3", "toys")]
    assert opened["settings"]["overlap"] == 1
    hand = opened["hand"]
    assert hand["queue"] == [text(1), text(2)]
    assert [one["text"] for one in hand["items"]] == ["text 1", "text 2"]
    body = {"id": text(1), "said": "food", "note": "a note", "seconds": 1.2, "ahead": 2, "have": hand["queue"]}
    taken = told(client.post(f"{DESK}/answers", json=body))
    assert (taken["stored"], taken["hand"]["queue"]) == (1, [text(2), text(3)])
    assert [one["id"] for one in taken["hand"]["items"]] == [text(3)]
    assert taken["hand"]["progress"] == {"answered": 1, "left": 5, "waiting": 5, "conflicts": 0}
    assert told(client.post(f"{DESK}/answers", json=body))["stored"] == 0, "sent again, it changes nothing"
    (given,) = told(client.get(f"{DESK}/answered"))
    assert (given["said"], given["note"]) == ("food", "a note")
    assert told(client.get(f"{DESK}/answered/{text(1)}"))["said"] == "food"
    undone = told(client.post(f"{DESK}/undo", json={"ahead": 2}))
    assert (undone["withdrawn"], undone["hand"]["queue"][0]) == (text(1), text(1))
    assert told(client.delete(DESK))["waiting"] == 6
    labels = told(client.get(f"/tasks/{TASK}/labels", params={"history": True}))
    assert [one["outcome"] for one in labels["labels"]] == ["label", "withdrawn"]


def test_an_answer_that_is_sent_again_while_a_page_sits_down_makes_one_label(
    bench: Workbench, client: httpx.Client
) -> None:
    furnish(bench)
    texts = [text(n) for n in range(1, 7)]
    with ThreadPoolExecutor(8) as pool:
        for one in texts:
            body = {"id": one, "said": "food"}
            sent = [pool.submit(client.post, f"{DESK}/answers", json=body) for _ in range(4)]
            sat = [pool.submit(client.post, DESK, json={}) for _ in range(4)]
            assert sum(told(one.result())["stored"] for one in sent) == 1
            assert {one.result().status_code for one in sat} == {200}
    assert [label.text_id for label in bench.labels.history(TASK)] == texts
    assert len(bench.opinions.of(TASK)) == len(texts)


def test_mistakes_are_told_in_words(bench: Workbench, client: httpx.Client) -> None:
    furnish(bench)
    assert "no task" in told(client.post("/tasks/x/desk", json={}), 404)["detail"]
    wrong = {"id": text(1), "said": "fruit"}
    assert "'fruit' is no class" in told(client.post(f"{DESK}/answers", json=wrong), 422)["detail"]
    stray = {"id": text(25), "said": "food"}
    assert "does not wait" in told(client.post(f"{DESK}/answers", json=stray), 422)["detail"]
    assert told(client.put(f"{DESK}/settings", json={"overlap": 0}), 422)
    assert told(client.put(f"{DESK}/settings", json={"overlaps": 2}), 422)


def test_annotators_label_and_viewers_do_not_and_owners_decide(
    bench: Workbench, people: httpx.Client, tokens: dict[str, dict[str, str]]
) -> None:
    furnish(bench, overlap=2)
    labeling: list[tuple[str, str, dict[str, object] | None]] = [
        ("POST", "", {}),
        ("POST", "/answers", {"id": text(1), "said": "food"}),
        ("POST", "/undo", {}),
        ("DELETE", "", None),
        ("GET", "/answered", None),
        ("GET", "/groups", None),
    ]
    owning: list[tuple[str, str, dict[str, object] | None]] = [
        ("PUT", "/settings", {"overlap": 2}),
        ("POST", "/conflicts", {"labels": {"x": "food"}}),
        ("POST", "/consensus", {"at_least": 0.9}),
        ("PUT", "/known", {}),
        ("POST", "/labels", {"file": "x.csv"}),
    ]
    reading = [("GET", "/settings"), ("GET", "/conflicts"), ("GET", "/agreement"), ("GET", "/labels")]
    for method, path, body in labeling:
        codes = {n: people.request(method, DESK + path, json=body, headers=h).status_code for n, h in tokens.items()}
        assert codes == {"olga": 200, "ada": 200, "bob": 200, "vic": 403}, (method, path)
    for method, path, body in owning:
        for name in ("ada", "vic"):
            assert people.request(method, DESK + path, json=body, headers=tokens[name]).status_code == 403, path
        assert people.request(method, DESK + path, json=body, headers=tokens["olga"]).status_code != 403, path
    for method, path in reading:
        assert people.request(method, DESK + path, headers=tokens["vic"]).status_code == 200, path
    assert people.post(DESK, json={}).status_code == 401


@pytest.mark.parametrize("overlap", [1, 2])
def test_people_who_answer_at_the_same_time_lose_nothing_and_get_nothing_twice(
    bench: Workbench, people: httpx.Client, tokens: dict[str, dict[str, str]], overlap: int
) -> None:
    furnish(bench, texts=50, picked=range(40), overlap=overlap)

    def work(name: str) -> list[str]:
        """One real client, with a connection of its own, that answers until there is nothing for it."""
        done: list[str] = []
        with httpx.Client(base_url=people.base_url, headers=tokens[name], timeout=60, trust_env=False) as own:
            hand = told(own.post(DESK, json={}))["hand"]
            while hand["queue"]:
                body = {"id": hand["queue"][0], "said": "food", "have": hand["queue"]}
                taken = told(own.post(f"{DESK}/answers", json=body))
                assert taken["stored"] == 1
                done.append(body["id"])
                hand = taken["hand"]
        return done

    names = ["ada", "bob", "olga"]
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(work, names))
    told(people.delete(DESK, headers=tokens["ada"]))
    answers = [one for each in done for one in each]
    votes = bench.opinions.of(TASK, purpose="vote")
    assert sorted((one.source.removeprefix("human:"), one.text_id) for one in votes) == sorted(
        (name, one) for name, each in zip(names, done, strict=True) for one in each
    ), "every answer is there once"
    assert bench.opinions.of(TASK, purpose="check") == []
    assert {answers.count(text(n)) for n in range(40)} == {overlap}
    held = bench.labels.current(TASK)
    assert set(held) == {TextId(text(n)) for n in range(40)}
    assert {one.answer.label for one in held.values()} == {"food"}


def test_conflicts_are_decided_and_agreement_is_measured(
    bench: Workbench, people: httpx.Client, tokens: dict[str, dict[str, str]]
) -> None:
    furnish(bench, overlap=2)
    for name, words in (("ada", ["food", "food", "drink"]), ("bob", ["food", "toys", "drink"])):
        for number, word in enumerate(words, start=1):
            body = {"id": text(number), "said": word, "note": f"{name} on {number}"}
            told(people.post(f"{DESK}/answers", json=body, headers=tokens[name]))
    owner = tokens["olga"]
    (conflict,) = told(people.get(f"{DESK}/conflicts", headers=owner))
    assert [(one["source"], one["label"], one["note"]) for one in conflict["votes"]] == [
        ("human:ada", "food", "ada on 2"),
        ("human:bob", "toys", "bob on 2"),
    ]
    report = told(people.get(f"{DESK}/agreement", headers=owner))
    assert (report["texts"], report["agreed"], report["fleiss_texts"], report["fleiss_votes"]) == (3, 2, 3, 2)
    assert report["alpha"]["low"] <= report["alpha"]["value"] <= report["alpha"]["high"]
    (pair,) = report["pairs"]
    assert (pair["first"], pair["second"], pair["texts"], pair["agreed"]) == ("human:ada", "human:bob", 3, 2)
    assert [one["source"] for one in report["annotators"]] == ["human:ada", "human:bob"]
    decision = {"labels": {text(2): "toys"}, "note": "it is a toy"}
    assert told(people.post(f"{DESK}/conflicts", json=decision, headers=owner)) == {"decided": 1, "conflicts": 0}
    assert bench.labels.current(TASK)[text(2)].answer.source == "human:olga"
    assert told(people.post(f"{DESK}/consensus", json={"at_least": 0.9}, headers=owner))["decided"] == 0


@pytest.mark.parametrize("form", ["csv", "label-studio", "argilla", "doccano"])
def test_labels_go_out_and_come_in_as_files(bench: Workbench, client: httpx.Client, form: str) -> None:
    furnish(bench)
    told(client.post(f"{DESK}/answers", json={"id": text(1), "said": "food"}))
    sent = client.get(f"{DESK}/labels", params={"format": form})
    assert sent.status_code == 200
    assert "text 1" in sent.text
    told(client.post(f"/tasks/{TASK}/labels/undo", json={}))
    name = told(client.post("/uploads", files={"file": ("labels.txt", sent.content)}), 201)["file"]
    taken = told(client.post(f"{DESK}/labels", json={"file": name, "format": form}))
    assert (taken["stored"], taken["problems"], taken["people"]) == (1, [], ["human"])
    assert bench.labels.current(TASK)[text(1)].answer.label == "food"


def test_known_answers_and_settings_are_set(bench: Workbench, client: httpx.Client) -> None:
    furnish(bench)
    draw_gold(bench, 20)
    assert told(client.put(f"{DESK}/known", json={"labels": {text(25): "food"}})) == {"known": 1}
    told(client.post(f"{DESK}/answers", json={"id": text(20), "said": "food"}))
    assert told(client.put(f"{DESK}/known", json={"from_gold": True})) == {"known": 2}
    settings: dict[str, Any] = {"overlap": 3, "suggestions": True, "blind_share": 0.5, "known_share": 0.1}
    settings |= {"lease_seconds": 60, "near_duplicates": False}
    assert told(client.put(f"{DESK}/settings", json=settings)) == settings
    assert told(client.get(f"{DESK}/settings")) == settings
    put = client.put(f"/tasks/{TASK}", json={"name": TASK, "desk": {"overlap": 2}})
    assert told(put)["desk"] == told(client.get(f"{DESK}/settings")) == {**settings, "overlap": 2}
    assert told(client.put(f"/tasks/{TASK}", json={"name": TASK, "desk": {"overlap": 0}}), 422)


def test_the_description_has_an_example_for_each_thing_of_the_desk(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("DeskAnswer", "DeskItem", "DeskProgress", "DeskSettings", "LabelsImported"):
        assert "examples" in json.dumps(schemas[name]), name


def test_a_conversation_goes_on_when_the_last_conflict_is_decided_and_not_before(
    tmp_path: Path,
) -> None:
    model = in_turn(
        calls("run_rounds", oracle="human", gold=4, batch=4, labels=8), says("Four wait."), says("Now the seed.")
    )
    with small_bench(tmp_path, attended=False) as bench:
        task = small_task(bench, "together", oracle=None)
        bench.tasks.set_desk(task.name, DeskSettings(overlap=2))
        roles: dict[str, UserRole] = {"olga": "owner", "ada": "annotator"}
        tokens = {name: {"Authorization": f"Bearer {bench.users.add(name, role)}"} for name, role in roles.items()}
        with served(bench, model, heartbeat=0.2) as client:
            client.headers.update(tokens["olga"])
            talk = client.post("/conversations", json={"title": "t"}).json()["id"]
            told(client.post(f"/conversations/{talk}/messages", json={"text": "label with us"}), 202)
            path = f"/conversations/{talk}"
            seen(client, path, lambda found: (found["pending"] or {}).get("texts") == 4)
            desk = f"/tasks/{task.name}/desk"
            for name, last in (("olga", "figures"), ("ada", "words")):
                hand = told(client.post(desk, json={"ahead": 4}, headers=tokens[name]))["hand"]
                for number, one in enumerate(hand["queue"]):
                    body = {"id": one, "said": last if number == 3 else "figures"}
                    hand = told(client.post(f"{desk}/answers", json=body, headers=tokens[name]))["hand"]
            assert hand["progress"] == {"answered": 4, "left": 0, "waiting": 1, "conflicts": 1}
            waiting = told(client.get(path))
            assert (waiting["busy"], waiting["pending"]["kind"]) == (False, "labels"), "three of four is not all"
            (conflict,) = told(client.get(f"{desk}/conflicts"))
            decision = {"labels": {conflict["id"]: "words"}}
            assert told(client.post(f"{desk}/conflicts", json=decision))["conflicts"] == 0
            view = seen(client, path, lambda found: len(found["messages"]) > 7 and not found["busy"])
    assert [one["text"] for one in view["messages"] if one["role"] == "assistant" and one["text"]] == [
        "Four wait.",
        "Now the seed.",
    ]
