"""The labeling desk: what the board in the browser sends is carried to the service, once, whatever happens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from tests.support.desk_room import TASK, furnish, text
from tests.support.page import comes, desk_of, html, ran
from tests.support.scripted_model import in_turn
from tools.engine.records import DeskSettings
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench
from ui.client import Service
from ui.parts import board

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def bench(workspace: Any) -> Any:
    """A workspace whose texts wait for people."""
    with open_workbench(Settings(workspace=workspace), write=True, attended=False) as opened:
        furnish(opened)
        yield opened


def _log(*entries: dict[str, Any], sitting: str = "one") -> dict[str, Any]:
    return {"sitting": sitting, "entries": [{"seq": seq, **entry} for seq, entry in enumerate(entries, start=1)]}


def _said(bench: Workbench) -> dict[str, str | None]:
    return {one: label.answer.label for one, label in bench.labels.current(TASK).items()}


def test_answers_are_stored_in_order_and_the_next_texts_are_loaded(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = board.sit(service, TASK)
        assert seat.queue == [text(n) for n in range(1, 7)]
        log = _log({"id": text(1), "said": "food", "seconds": 1.5}, {"id": text(2), "said": "toys", "note": "a note"})
        board.carry_out(service, seat, log)
        assert _said(bench) == {text(1): "food", text(2): "toys"}
        assert seat.queue == [text(n) for n in range(3, 7)]
        assert seat.ack == 2
        assert seat.progress
        assert (seat.progress.answered, seat.progress.left) == (2, 4)
        assert seat.items.keys() == set(seat.queue)


def test_the_same_log_again_changes_nothing_and_another_tab_begins_anew(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = board.sit(service, TASK)
        log = _log({"id": text(1), "said": "food"})
        for _ in range(2):
            board.carry_out(service, seat, log)
        other = board.sit(service, TASK)
        board.carry_out(service, other, _log({"id": text(2), "said": "drink"}, sitting="two"))
        board.carry_out(service, seat, _log({"id": text(3), "said": "drink"}, sitting="three"))
        assert len(bench.labels.history(TASK)) == 3


def test_an_answer_is_taken_back_and_its_text_comes_first(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = board.sit(service, TASK)
        board.carry_out(service, seat, _log({"id": text(1), "said": "food"}, {"undo": True}))
        assert _said(bench).get(text(1)) is None
        assert seat.queue[0] == text(1)
        assert seat.items.keys() == set(seat.queue)


def test_what_the_service_refuses_is_told_and_the_rest_goes_on(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        service = Service(client)
        seat = board.sit(service, TASK)
        board.carry_out(service, seat, _log({"id": text(25), "said": "food"}))
        assert "does not wait" in seat.trouble
        board.carry_out(service, seat, _log({"id": text(25), "said": "food"}, {"id": text(1), "said": "food"}))
        assert (seat.trouble, _said(bench)) == ("", {text(1): "food"})


def test_the_view_shows_the_board_and_says_what_to_do_when_nothing_waits(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()) as client:
        page = desk_of(TASK)
        assert page.get("bidi_component")
        for number in range(1, 7):
            client.post(f"/tasks/{TASK}/desk/answers", json={"id": text(number), "said": "food"})
        assert page.get("bidi_component")
        assert "There is no task" in desk_of("elsewhere").warning[0].value


def test_a_conflict_is_decided(bench: Workbench, serve: Serve) -> None:
    bench.tasks.set_desk(TASK, DeskSettings(overlap=2))
    tokens = {"olga": bench.users.add("olga", "owner"), "ada": bench.users.add("ada", "annotator")}
    with serve(bench, in_turn(), local=False) as client:
        for name, said in (("olga", "food"), ("ada", "toys")):
            headers = {"Authorization": f"Bearer {tokens[name]}"}
            body = {"id": text(1), "said": said, "note": f"{name}'s <b>note</b>"}
            client.post(f"/tasks/{TASK}/desk/answers", json=body, headers=headers)
        page = desk_of(TASK)
        page.session_state["token"] = tokens["olga"]
        ran(page).segmented_control(key="queue").set_value("Conflicts")
        comes(page, lambda one: "text 1" in html(one), "the conflict")
        assert "olga&#39;s &lt;b&gt;note" in html(page)
        page.button(key=f"decide-{text(1)}-2").click()
        ran(page)
        assert _said(bench) == {text(1): "toys"}
        assert "Nobody disagrees" in page.info[0].value
