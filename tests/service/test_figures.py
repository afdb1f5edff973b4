"""What figures of results are drawn from: the map, reliability, random labels, advice, and where labels come from."""

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.support.running_service import seen, served
from tests.support.scripted_model import in_turn
from tests.support.small_loop import small_bench, small_run, small_task
from tools.pool_map import places
from tools.random_line import random_line
from tools.workbench import Workbench

RARE, EVEN, BY_LOT, NEW = "rare", "even", "by lot", "new"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Tasks after some rounds: of a rare class, of two classes, of the same two by lot; and one that has not begun."""
    with small_bench(tmp_path_factory.mktemp("figures")) as bench:
        small_run(bench, small_task(bench, RARE, column="marked", positive="marked"), gold=60)
        small_run(bench, small_task(bench, EVEN, rest=None), gold=60)
        small_run(bench, small_task(bench, BY_LOT), strategy="random")
        small_task(bench, NEW)
        yield bench


@pytest.fixture(scope="module")
def client(trained: Workbench) -> Iterator[httpx.Client]:
    """The service over them."""
    with served(trained, in_turn()) as opened:
        yield opened


def ready(client: httpx.Client, path: str) -> Any:
    """The answer at that address when it is no more being made."""
    return seen(client, path, lambda found: found["ready"])


def test_the_map_has_every_text_once_and_colors_by_what_is_known(client: httpx.Client, trained: Workbench) -> None:
    found = ready(client, f"/tasks/{RARE}/map")
    assert found["names"] == ["marked", "plain"]
    assert found["texts"] == found["pool"] == trained.pools.get("receipts").texts
    assert sum(found["marks"]["count"]) == found["texts"]
    called = client.get(f"/tasks/{RARE}/results", params={"show": "predictions"}).json()["classes"]
    assert found["marks"]["group"].count(0) == next(one["count"] for one in called if one["name"] == "marked")
    by_label = ready(client, f"/tasks/{RARE}/map?color=label")["marks"]["group"]
    learnt = client.get(f"/tasks/{RARE}/results").json()["labels"]
    assert len(by_label) - by_label.count(-1) >= learnt
    rounds = ready(client, f"/tasks/{RARE}/map?color=round")
    assert rounds["names"] == [f"round {number}" for number in range(len(rounds["names"]))]
    assert rounds["marks"]["group"].count(1) == 8
    torn = ready(client, f"/tasks/{RARE}/map?color=uncertainty")["marks"]["value"]
    assert 0 <= min(torn) < max(torn) <= 1


def test_a_map_before_the_first_round_shows_the_zero_shot_pass(client: httpx.Client) -> None:
    found = ready(client, f"/tasks/{NEW}/map")
    assert set(found["marks"]["group"]) == {0, 1}


def test_the_map_stays_what_it_was(trained: Workbench) -> None:
    task = trained.tasks.get(RARE)
    before = places(trained, task)
    for kept in (trained.folder / "maps").glob("*.npy"):
        kept.unlink()
    assert np.array_equal(places(trained, task), before)


def test_a_box_opens_the_texts_in_it_and_never_those_to_judge_by(client: httpx.Client, trained: Workbench) -> None:
    part = {"left": 0.2, "right": 0.7, "bottom": 0.2, "top": 0.8}
    shown = client.get(f"/tasks/{RARE}/map", params=part).json()
    found = client.get(f"/tasks/{RARE}/map/texts", params={**part, "limit": 200}).json()
    assert found["total"] + found["judging"] == shown["texts"] == len(shown["marks"]["x"]) < shown["pool"]
    gold = {item.text_id for item in trained.rounds.gold(RARE) or []}
    assert not gold & {one["id"] for one in found["texts"]}
    assert sum(found["classes"].values()) == found["total"]
    known = [one["label"] is not None for one in found["texts"]]
    assert known == sorted(known)
    free = [one["probability"] for one in found["texts"] if one["label"] is None]
    assert free == sorted(free)
    marked = client.get(f"/tasks/{RARE}/map/texts", params={"cls": "marked"}).json()
    assert {one["predicted"] for one in marked["texts"]} == {"marked"}
    assert client.get(f"/tasks/{RARE}/map/texts", params={"cls": "nothing"}).status_code == 422
    assert client.get(f"/tasks/{RARE}/map", params={"left": 2}).status_code == 422


def test_a_line_around_a_part_opens_the_texts_in_it(client: httpx.Client) -> None:
    address = f"/tasks/{RARE}/map/texts"
    whole = client.get(address, params={"limit": 200}).json()
    half = {"left": 0.0, "right": 0.5, "limit": 200}
    around: dict[str, Any] = {"outline": [-0.0, 0.0, 0.5, 0.0, 0.5, 1.0, 0.0, 1.0], "limit": 200}
    box, drawn = client.get(address, params=half).json(), client.get(address, params=around).json()
    assert 0 < drawn["total"] < whole["total"]
    assert {one["id"] for one in drawn["texts"]} <= {one["id"] for one in box["texts"]}
    assert box["total"] - drawn["total"] <= 2, "places on the very edge of the map"
    corner = {**around, "outline": [0.0, 0.0, 0.5, 0.0, 0.0, 1.0]}
    assert client.get(address, params=corner).json()["total"] < drawn["total"]
    for wrong, words in (([0.1] * 7, "7 numbers"), ([0.1] * 4, "outline"), ([0.1, 0.2, 0.3, 0.4, 0.5, 2.0], "outline")):
        refused = client.get(address, params={"outline": wrong})
        assert (refused.status_code, words in refused.json()["detail"]) == (422, True)


def test_texts_of_the_map_are_labeled_and_left_out_like_any_other(client: httpx.Client) -> None:
    one = client.get(f"/tasks/{EVEN}/map/texts", params={"limit": 1}).json()["texts"][0]
    assert client.post(f"/tasks/{EVEN}/labels", json={"labels": {one["id"]: "skip"}}).json()["stored"] == 1
    found = client.get(f"/tasks/{EVEN}/labels/{one['id']}").json()
    assert (found["label"], found["source"]) == ("skip", "human")


def test_reliability_is_judged_by_the_gold_sample(client: httpx.Client) -> None:
    rare = client.get(f"/tasks/{RARE}/reliability").json()
    assert (rare["positive"], rare["basis"], rare["judged"]) == ("marked", "gold", 60)
    assert sum(one["texts"] for one in rare["bins"]) == 60
    said = [one["confidence"] for one in rare["bins"]]
    assert said == sorted(said)
    assert 0 <= rare["gap"] <= 1
    even = client.get(f"/tasks/{EVEN}/reliability").json()
    assert even["positive"] is None
    assert min(one["confidence"] for one in even["bins"]) >= 0.5
    right = sum(one["texts"] * one["holds"]["value"] for one in even["bins"])
    accuracy = client.get(f"/tasks/{EVEN}/rounds").json()[-1]["scores"]["accuracy"]["value"]
    assert right == pytest.approx(60 * accuracy)
    assert client.get(f"/tasks/{NEW}/reliability").status_code == 409


def test_random_labels_are_estimated_from_the_gold_sample_once(client: httpx.Client, trained: Workbench) -> None:
    found = ready(client, f"/tasks/{EVEN}/random")
    assert (found["how"], found["judged"]) == ("estimated", 60)
    sizes = [one["labels"] for one in found["points"]]
    assert sizes == sorted(sizes)
    assert sizes[-1] <= 30
    for one in found["points"]:
        for score in one["scores"].values():
            assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
    kept = list((trained.folder / "random_lines").iterdir())
    again = random_line(trained, trained.tasks.get(EVEN))
    assert [one.labels for one in again.points] == sizes
    assert list((trained.folder / "random_lines").iterdir()) == kept


def test_random_labels_are_measured_where_a_task_picks_by_lot(client: httpx.Client) -> None:
    found = ready(client, f"/tasks/{BY_LOT}/random")
    assert (found["how"], found["task"]) == ("measured", BY_LOT)
    rounds = client.get(f"/tasks/{BY_LOT}/rounds").json()
    assert [one["labels"] for one in found["points"]] == [one["labels"] for one in rounds]
    assert found["points"][-1]["scores"]["accuracy"] == rounds[-1]["scores"]["accuracy"]


def test_without_enough_gold_there_is_no_random_line(client: httpx.Client) -> None:
    refused = client.get(f"/tasks/{NEW}/random")
    # The task asks the same of the same pool as the one that picks by lot.
    assert refused.json()["how"] == "measured"
    client.put("/tasks/alone", json={"name": "alone", "pool": "receipts", "classes": [{"name": "a"}, {"name": "b"}]})
    problem = client.get("/tasks/alone/random")
    assert problem.status_code == 409
    assert "40 of two classes are needed" in problem.json()["detail"]


def test_the_advice_gives_its_reasons(client: httpx.Client) -> None:
    found = client.get(f"/tasks/{RARE}/advice").json()
    assert found["verdict"] in {"go on", "stop"}
    rules = {one["rule"] for one in found["rules"]}
    assert {"stable", "plateau", "exhausted"} <= rules
    assert client.get(f"/tasks/{NEW}/advice").status_code == 409


def test_a_label_tells_where_it_comes_from(client: httpx.Client) -> None:
    picked = client.get(f"/tasks/{RARE}/results", params={"show": "why", "limit": 1}).json()["texts"][0]
    found = client.get(f"/tasks/{RARE}/labels/{picked['id']}").json()
    assert (found["purpose"], found["source"]) == ("learn", "replay:marked")
    assert found["picked"]["why"] == picked["why"]
    assert [one["label"] for one in found["said"]] == [found["label"]]
    models = client.get(f"/tasks/{RARE}/rounds").json()
    assert found["models"] == [models[-1]["model_id"]]
    gold = client.get(f"/tasks/{RARE}/labels", params={"role": "gold", "limit": 1}).json()["labels"][0]
    judging = client.get(f"/tasks/{RARE}/labels/{gold['text_id']}").json()
    assert (judging["purpose"], judging["picked"], judging["models"]) == ("judge", None, [])
    assert client.get(f"/tasks/{RARE}/labels/nowhere").status_code == 404


def test_every_answer_about_a_text_is_told_in_order(client: httpx.Client) -> None:
    one = client.get(f"/tasks/{RARE}/map/texts", params={"limit": 1}).json()["texts"][0]["id"]
    for said in ("plain", "marked"):
        client.post(f"/tasks/{RARE}/labels", json={"labels": {one: said}})
    client.post(f"/tasks/{RARE}/labels/undo", json={"count": 1})
    found = client.get(f"/tasks/{RARE}/labels/{one}").json()
    assert [(said["outcome"], said["label"]) for said in found["said"]][:2] == [("label", "plain"), ("label", "marked")]
    assert found["said"][-1]["outcome"] == "withdrawn"
    assert found["label"] is None
