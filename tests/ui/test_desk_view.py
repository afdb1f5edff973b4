"""The labeling desk: what the board in the browser sends is carried to the service, once, whatever happens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from tests.support.desk_room import TASK, furnish, place, text
from tests.support.page import desk_of
from tests.support.scripted_model import in_turn
from tools.engine.records import DeskSettings
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench
from ui.client import Service
from ui.parts.queues import BY_NAME, LABEL
from ui.parts.seat import MOST, Seat, carry_out, sit

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def bench(workspace: Any) -> Any:
    """A workspace whose texts wait for people."""
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as opened:
        furnish(opened)
        yield opened


def _log(*entries: dict[str, Any], sitting: str = "one") -> dict[str, Any]:
    return {"sitting": sitting, "entries": [{"seq": seq, **entry} for seq, entry in enumerate(entries, start=1)]}


def _ids(seat: Seat) -> list[str]:
    return [one["id"] for one in seat.items]


def _said(bench: Workbench) -> dict[str, str | None]:
    return {one: label.answer.label for one, label in bench.labels.current(TASK).items()}


def test_answers_are_stored_in_order_and_the_next_texts_are_loaded(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = sit(service, LABEL, TASK)
        assert _ids(seat) == [text(n) for n in range(1, 7)]
        log = _log({"id": text(1), "said": "food", "seconds": 1.5}, {"id": text(2), "said": "toys", "note": "a note"})
        carry_out(service, seat, log)
        assert _said(bench) == {text(1): "food", text(2): "toys"}
        assert _ids(seat) == [text(n) for n in range(3, 7)]
        assert seat.ack == 2
        assert (seat.progress.answered, seat.progress.left) == (2, 4)


def test_the_same_log_again_changes_nothing_and_another_tab_begins_anew(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = sit(service, LABEL, TASK)
        log = _log({"id": text(1), "said": "food"})
        for _ in range(2):
            carry_out(service, seat, log)
        other = sit(service, LABEL, TASK)
        carry_out(service, other, _log({"id": text(2), "said": "drink"}, sitting="two"))
        carry_out(service, seat, _log({"id": text(3), "said": "drink"}, sitting="three"))
        assert len(bench.labels.history(TASK)) == 3


def test_an_answer_is_taken_back_and_its_text_comes_first(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = sit(service, LABEL, TASK)
        carry_out(service, seat, _log({"id": text(1), "said": "food"}, {"undo": True}))
        assert _said(bench).get(text(1)) is None
        assert _ids(seat)[0] == text(1)
        assert seat.given == []


def test_what_the_service_refuses_is_told_and_the_rest_goes_on(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = sit(service, LABEL, TASK)
        carry_out(service, seat, _log({"id": text(25), "said": "food"}))
        assert "does not wait" in seat.trouble
        carry_out(service, seat, _log({"id": text(25), "said": "food"}, {"id": text(1), "said": "food"}))
        assert (seat.trouble, _said(bench)) == ("", {text(1): "food"})


def test_the_view_shows_the_board_and_says_what_to_do_when_nothing_waits(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        page = desk_of(TASK)
        assert page.get("bidi_component")
        for number in range(1, 7):
            client.post(f"/tasks/{TASK}/desk/answers", json={"id": text(number), "said": "food"})
        assert page.get("bidi_component")
        assert "There is no task" in desk_of("elsewhere").warning[0].value


def test_one_jumps_back_to_what_one_answered_and_a_list_holds_more(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = sit(service, LABEL, TASK)
        carry_out(service, seat, _log({"id": text(1), "said": "food", "note": "a note"}))
        assert [(one.text, one.said) for one in seat.given] == [("text 1", "food")]
        later = sit(service, LABEL, TASK)  # as after a reload
        carry_out(service, later, {"sitting": "two", "entries": [], "ahead": 50, "look": text(1)})
        assert later.back
        assert (later.back["said"], later.back["note"]) == ("food", "a note")
        assert later.ahead == MOST
        carry_out(service, later, {"sitting": "two", "entries": [], "look": text(25)})
        assert "did not answer" in later.trouble


def test_conflicts_are_decided_taken_back_and_accepted_together(bench: Workbench, serve: Serve) -> None:
    bench.tasks.set_desk(TASK, DeskSettings(overlap=2))
    tokens = {"olga": bench.users.add("olga", "owner"), "ada": bench.users.add("ada", "annotator")}
    with serve(bench, in_turn(), local=False) as client:
        for name, said in (("olga", "food"), ("ada", "toys")):
            for number in (1, 2):
                headers = {"Authorization": f"Bearer {tokens[name]}"}
                body = {"id": text(number), "said": said, "note": f"{name}'s <b>note</b>"}
                client.post(f"/tasks/{TASK}/desk/answers", json=body, headers=headers)
        service = Service(client, tokens["olga"])
        seat = sit(service, BY_NAME["conflicts"], TASK)
        assert _ids(seat) == [text(1), text(2)]
        assert seat.items[0]["votes"][0] == {"who": "olga", "said": "food", "note": "olga's <b>note</b>"}
        carry_out(service, seat, _log({"id": text(1), "said": "toys"}))
        assert (_said(bench), _ids(seat)) == ({text(1): "toys"}, [text(2)])
        carry_out(service, seat, _log({"id": text(1), "said": "toys"}, {"undo": True}))
        assert (_said(bench), _ids(seat)) == ({}, [text(1), text(2)])
        page = desk_of(TASK, token=tokens["olga"], queue="Conflicts")
        assert page.get("bidi_component")
        page = desk_of(TASK, token=tokens["ada"])
        assert "Conflicts" not in page.segmented_control(key="queue").options, "an annotator decides about none"


def test_an_item_that_is_passed_over_stays_as_it_is(bench: Workbench, serve: Serve) -> None:
    place(bench, lambda n: n % 10)
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = sit(service, BY_NAME["groups"], TASK)
        first, second = seat.items[:2]
        ids = [one["id"] for one in second["alike"]]
        log = _log(
            {"id": first["id"], "said": "pass", "also": []}, {"id": second["id"], "said": "food", "also": ids[1:]}
        )
        carry_out(service, seat, log)
        assert _said(bench) == dict.fromkeys(ids[1:], "food")
        seat.queue.load(service, seat)
        assert first["id"] not in _ids(seat), "it does not come again"
        seat.queue.undo(service, seat)
        assert (_said(bench), _ids(seat)[0]) == ({}, second["id"])
        seat.queue.undo(service, seat)
        assert _ids(seat)[0] == first["id"]
