"""Events over server-sent events: from any offset, as they happen, with signs of life, and ended in order."""

import threading

import httpx
import pytest

from tests.support.laud_process import PATIENCE
from tests.support.running_service import kinds, lines, served
from tests.support.scripted_model import in_turn
from tools.workbench import Workbench


def test_a_stream_gives_what_was_and_then_what_happens(bench: Workbench, client: httpx.Client) -> None:
    first = bench.events.append("a", {"n": 1, "text": "Ünï ☕\nline"}, conversation="c", job="j")
    with client.stream("GET", "/events/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = (event for event in lines(response) if "id" in event)
        got = next(events)
        assert (got["event"], got["id"]) == ("a", str(first.offset))
        assert got["data"]["data"] == {"n": 1, "text": "Ünï ☕\nline"}
        assert (got["data"]["conversation"], got["data"]["job"]) == ("c", "j")
        for number in range(50):
            bench.events.append("b", {"n": number})
        assert [next(events)["data"]["data"]["n"] for _ in range(50)] == list(range(50))


def test_a_client_that_was_away_misses_nothing(bench: Workbench) -> None:
    old = [bench.events.append("a", {"n": number}).offset for number in range(520)]
    with served(bench, in_turn()) as client:
        offsets = [*old, *(bench.events.append("a", {"n": number}).offset for number in range(30))]
        with client.stream("GET", "/events/stream", params={"after": offsets[2]}) as response:
            events = lines(response)
            assert [next(events)["id"] for _ in range(3)] == [str(offset) for offset in offsets[3:6]]
        for last in (5, 530):
            with client.stream("GET", "/events/stream", headers={"Last-Event-ID": str(offsets[last])}) as response:
                events = lines(response)
                left = offsets[last + 1 :]
                assert [int(next(events)["id"]) for _ in left] == left
                offsets.append(bench.events.append("live", {}).offset)
                assert int(next(event for event in events if "id" in event)["id"]) == offsets[-1]


def test_a_stream_of_one_conversation_has_no_other_events(bench: Workbench) -> None:
    bench.events.append("before", {}, conversation="x")
    for number in range(510):
        bench.events.append("mine" if number % 50 == 0 else "noise", {}, conversation="c" if number % 50 == 0 else None)
    with (
        served(bench, in_turn()) as client,
        client.stream("GET", "/events/stream", params={"conversation": "c"}) as response,
    ):
        events = (event for event in lines(response) if "id" in event)
        assert [next(events)["event"] for _ in range(11)] == ["mine"] * 11
        bench.events.append("noise", {})
        bench.events.append("live", {}, conversation="c")
        assert next(events)["event"] == "live"


def test_silence_is_broken_by_a_sign_of_life(client: httpx.Client) -> None:
    with client.stream("GET", "/events/stream") as response:
        events = lines(response)
        assert next(events) == {"comment": "still here"}
        assert next(events) == {"comment": "still here"}


def test_an_offset_of_another_database_is_not_waited_for(bench: Workbench, client: httpx.Client) -> None:
    with client.stream("GET", "/events/stream", headers={"Last-Event-ID": "999999"}) as response:
        events = lines(response)
        assert next(events) == {"comment": "still here"}
        bench.events.append("a", {})
        assert next(event for event in events if "id" in event)["event"] == "a"


@pytest.mark.parametrize("after", ["-1", "x", str(2**63)])
def test_a_wrong_offset_is_refused(client: httpx.Client, after: str) -> None:
    for answer in (
        client.get("/events", params={"after": after}),
        client.get("/events/stream", headers={"Last-Event-ID": after}),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_page_of_events(bench: Workbench, client: httpx.Client) -> None:
    offsets = [bench.events.append("a", {"n": number}, conversation="c").offset for number in range(3)]
    page = client.get("/events", params={"after": offsets[0], "limit": 1}).json()
    assert ([event["data"]["n"] for event in page["events"]], page["last"]) == ([1], offsets[1])
    page = client.get("/events", params={"after": offsets[2]}).json()
    assert page == {"events": [], "last": offsets[2]}


def test_fifty_clients_get_every_event_once(bench: Workbench, client: httpx.Client) -> None:
    seen: list[list[int]] = [[] for _ in range(50)]

    def follow(mine: list[int]) -> None:
        with client.stream("GET", "/events/stream") as response:
            for event in lines(response):
                if "id" in event:
                    mine.append(event["data"]["data"]["n"])
                    if len(mine) == 100:
                        return

    readers = [threading.Thread(target=follow, args=(mine,)) for mine in seen]
    for reader in readers:
        reader.start()
    for number in range(100):
        bench.events.append("n", {"n": number})
    for reader in readers:
        reader.join(PATIENCE)
    assert seen == [list(range(100))] * 50


def test_the_service_stops_although_streams_are_open(bench: Workbench) -> None:
    with httpx.Client(timeout=PATIENCE, trust_env=False) as follower:
        with served(bench, in_turn(), heartbeat=60) as client:
            address = client.base_url.join("/events/stream")
            response = follower.send(follower.build_request("GET", address), stream=True)
            bench.events.append("last", {})
            events = lines(response)
            assert kinds([next(events)]) == ["last"]
        assert list(events) == []
