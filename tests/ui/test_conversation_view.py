"""The first screen and the conversation, run as Streamlit runs them over the real service."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from tests.support.losing_proxy import losing
from tests.support.openai_endpoint import KEY, Fault, OpenAIEndpoint
from tests.support.page import comes, conversation_of, html, opened, ran, rest
from tests.support.running_service import seen
from tests.support.scripted_model import calls, in_turn, says
from tests.support.small_loop import small_bench, small_task
from tests.support.talk import TASK
from tools.engine.errors import CannotDo
from tools.workbench import Workbench

Serve = Callable[..., AbstractContextManager[httpx.Client]]
HOSTILE = "<img src=x onerror=alert(1)> **bold** [a](http://b.example) :smile: $x^2$ www.c.example"


def _talk(client: httpx.Client, text: str = "hello") -> str:
    talk = str(client.post("/conversations", json={"title": "A talk"}).json()["id"])
    client.post(f"/conversations/{talk}/messages", json={"text": text})
    return talk


def _messages(client: httpx.Client, talk: str) -> list[tuple[str, str]]:
    view = client.get(f"/conversations/{talk}").json()
    return [(one["role"], one["text"]) for one in view["messages"] if one["text"]]


def test_the_first_screen_says_what_this_is_who_answers_and_where_data_stays(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()):
        page = opened()
        assert "classifier of your own" in html(page)
        assert "Nothing leaves this machine" in html(page)
        assert [one.label for one in page.button if one.label == "Try it"] == ["Try it"] * 3
        assert page.page_link[0].value == "New conversation"


def test_an_example_begins_a_conversation_whose_answer_comes_and_which_a_reload_finds_again(
    bench: Workbench, serve: Serve
) -> None:
    with serve(bench, in_turn(says("Two texts."))) as client:
        page = opened()
        page.button(key="try-Only look first").click()
        comes(page, lambda one: "Two texts." in html(one), "the answer")
        (talk,) = page.query_params.values()
        assert _messages(client, talk) == [("user", "what is in the sample?"), ("assistant", "Two texts.")]
        again = opened(chat=talk)
        assert html(again).count("Two texts.") == 1
        assert len(_messages(client, talk)) == 2, "to look again says nothing"


def test_words_of_the_pool_are_never_made_into_anything(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn(says(f"It says: {HOSTILE}"))) as client:
        talk = _talk(client, HOSTILE)
        client.patch(f"/conversations/{talk}", json={"title": HOSTILE})
        page = comes(opened(chat=talk), lambda one: "It says" in html(one), "the answer")
        assert html(page).count("&lt;img src=x") == 2
        assert "<img" not in html(page)
        for signs in ("<img", "**bold**", "](http", ":smile:", "$x", "www."):
            assert signs not in rest(page)
            assert all(signs not in str(one.value) for one in page.page_link)


def test_what_would_be_deleted_is_asked_first_and_done_when_approved(bench: Workbench, serve: Serve) -> None:
    model = in_turn(calls("delete_task", task=TASK), says("It is gone."))
    with serve(bench, model) as client:
        talk = _talk(client, "delete it")
        page = comes(opened(chat=talk), lambda one: "cannot be undone" in html(one), "the card")
        call = client.get(f"/conversations/{talk}").json()["pending"]["call"]
        assert bench.tasks.names() == [TASK]
        page.button(key=f"approve-{call}").click()
        comes(page, lambda one: "It is gone." in html(one), "the answer")
        assert bench.tasks.names() == []


def test_a_refusal_takes_its_reason_along(bench: Workbench, serve: Serve) -> None:
    model = in_turn(calls("delete_task", task=TASK), says("I leave it."))
    with serve(bench, model) as client:
        talk = _talk(client, "delete it")
        page = comes(opened(chat=talk), lambda one: "cannot be undone" in html(one), "the card")
        call = client.get(f"/conversations/{talk}").json()["pending"]["call"]
        page.text_input(key=f"reason-{call}").set_value("not yet")
        page.button(key=f"refuse-{call}").click()
        comes(page, lambda one: "I leave it." in html(one), "the answer")
        assert bench.tasks.names() == [TASK]
        assert "not yet" in str(model.prompts[-1])


def test_what_the_agent_offers_is_a_button_each(bench: Workbench, serve: Serve) -> None:
    offered = "Stopped.\nYou can say:\n  1. status\n  2. run 3 more rounds"
    with serve(bench, in_turn(says(offered), says("All is well."))) as client:
        talk = _talk(client)
        page = comes(opened(chat=talk), lambda one: any(b.label == "status" for b in one.button), "the offers")
        assert "You can say" not in html(page), "the buttons say it"
        next(one for one in page.button if one.label == "status").click()
        comes(page, lambda one: "All is well." in html(one), "the answer")
        assert ("user", "status") in _messages(client, talk)


def test_a_plan_is_a_card_whose_numbers_can_be_changed(bench: Workbench, serve: Serve) -> None:
    plan = "220 answers are needed.\nPlan: label 200 texts, batches of 20, labeled by you\nSay yes to start."
    with serve(bench, in_turn(says(plan), says("I begin."))) as client:
        talk = _talk(client)
        page = comes(opened(chat=talk), lambda one: "Begin with this plan?" in html(one), "the plan")
        key = client.get(f"/conversations/{talk}").json()["messages"][-1]["id"]
        assert "Say yes to start" not in html(page), "the card says it"
        assert not any(one.label == "yes" for one in page.button)
        assert page.button(key=f"approve-{key}").label == "Begin"
        page.number_input(key=f"labels-{key}").set_value(50)
        assert ran(page).button(key=f"approve-{key}").label == "Begin with these numbers"
        page.button(key=f"approve-{key}").click()
        comes(page, lambda one: "I begin." in html(one), "the answer")
        assert ("user", "label 50 texts, batches of 20, labeled by you") in _messages(client, talk)


def test_a_fault_of_the_model_is_told_in_words(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn(CannotDo("It went dark. Send the message again."))) as client:
        page = comes(opened(chat=_talk(client)), lambda one: one.error, "the error")
        assert "Send the message again" in page.error[0].value.replace("\u2060", "").replace("\\", "")


def test_a_conversation_is_renamed_put_away_and_brought_back(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn(says("Hello."))) as client:
        talk = _talk(client)
        page = opened(chat=talk)
        page.text_input(key=f"name-{talk}").set_value("Nappies")
        page.button(key=f"rename-{talk}").click()
        ran(page)
        assert "Nappies" in [one.value for one in page.page_link]
        page.button(key=f"away-{talk}").click()
        ran(page)
        assert "Nappies" not in [one.value for one in page.page_link]
        page.toggle(key="away").set_value(True)
        ran(page)
        page.button(key=f"away-{talk}").click()
        ran(page)
        assert client.get(f"/conversations/{talk}").json()["conversation"]["archived"] is False


def test_a_file_is_shown_before_it_is_read_and_its_column_chosen(bench: Workbench, serve: Serve) -> None:
    rows = "".join(f"{n},A title {n},A much longer text about <b>{n}</b>\n" for n in range(30))
    with serve(bench, in_turn(says("Reading."))) as client:
        page = opened()
        page.chat_input(key="say").upload("two columns.csv", b"id,title,description\n" + rows.encode())
        page.chat_input(key="say").set_value("find the complaints.")
        ran(page)
        assert "30 rows, 3 columns" in html(page)
        assert not any(one.label == "Try it" for one in page.button), "what to do next is the file"
        assert "about &lt;b&gt;29" not in html(page), "only the first rows are shown"
        assert "about &lt;b&gt;0" in html(page)
        assert page.selectbox(key="column-two columns.csv").value == "description"
        assert ran(page).text_input(key="wish-two columns.csv").value == "find the complaints."
        page.selectbox(key="column-two columns.csv").set_value("title")
        ran(page)
        next(one for one in page.button if one.label == "Read it").click()
        comes(page, lambda one: "Reading." in html(one), "the answer")
        said = 'find the complaints in "two columns.csv", text column "title"'
        assert _messages(client, page.query_params["chat"])[0] == ("user", said)


def test_a_file_that_cannot_be_read_is_told_in_words(bench: Workbench, serve: Serve) -> None:
    with serve(bench, in_turn()):
        page = opened()
        page.chat_input(key="say").upload("empty.csv", b"")
        ran(page)
        assert "empty" in page.error[0].value
        page.button(key="leave-file").click()
        assert not ran(page).error


def test_a_service_that_is_away_is_waited_for(bench: Workbench, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUD_SERVICE_URL", "http://127.0.0.1:9")
    page = opened()
    assert page.subheader[0].value == "The service does not answer"
    assert page.code[0].value == "laud up"
    with serve(bench, in_turn()):
        assert "classifier of your own" in html(ran(page))


def test_what_was_written_while_the_service_was_away_is_kept_until_it_is_sent(
    bench: Workbench, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(bench, in_turn(says("Hello."), says("There you are."))) as client:
        page = comes(opened(chat=_talk(client)), lambda one: "Hello." in html(one), "the answer")
        with monkeypatch.context() as away:
            away.setenv("LAUD_SERVICE_URL", "http://127.0.0.1:9")
            page.chat_input(key="say").set_value("are <b>you</b> there?")
            ran(page)
            assert page.subheader[0].value == "The service does not answer"
            assert "are &lt;b&gt;you&lt;/b&gt; there?" in html(page)
            assert "are &lt;b&gt;you&lt;/b&gt; there?" in html(ran(page)), "also after another look"
        assert len(_messages(client, page.query_params["chat"])) == 2
        ran(page).button(key="send-unsent").click()
        comes(page, lambda one: "There you are." in html(one), "the answer")
        assert _messages(client, page.query_params["chat"])[2] == ("user", "are <b>you</b> there?")
        assert not any(one.key == "send-unsent" for one in page.button)


def test_a_message_whose_answer_was_lost_is_said_once(
    bench: Workbench, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(bench, in_turn(says("Hello."))) as client, losing(client) as proxy:
        monkeypatch.setenv("LAUD_SERVICE_URL", proxy.url)
        page = opened()
        proxy.loses = "/messages"
        page.chat_input(key="say").set_value("are you there?")
        comes(page, lambda one: "Hello." in html(one), "the answer that came all the same")
        (talk,) = page.query_params.values()
        page.button(key="send-unsent").click()
        ran(page)
        assert not any(one.key == "send-unsent" for one in page.button)
        assert len(client.get("/conversations").json()) == 1
        seen(client, f"/conversations/{talk}", lambda view: not view["busy"])
        assert _messages(client, talk) == [("user", "are you there?"), ("assistant", "Hello.")]


def test_a_long_conversation_shows_its_beginning_when_asked(bench: Workbench, serve: Serve) -> None:
    count = 70
    with serve(bench, in_turn(*(says(f"Answer {number}.") for number in range(count)))) as client:
        talk = _talk(client, "Question 0?")
        for number in range(1, count):
            client.post(f"/conversations/{talk}/messages", json={"text": f"Question {number}?"})
        view = seen(client, f"/conversations/{talk}", lambda view: not view["busy"])
        assert view["more"]
        page = conversation_of(talk)
        assert f"Answer {count - 1}." in html(page)
        assert "Question 0?" not in html(page)
        while any(one.key == "earlier" for one in page.button):
            page.button(key="earlier").click()
            ran(page)
        shown = html(ran(page))
        for number in range(count):
            assert shown.count(f">Question {number}?<") == shown.count(f"Answer {number}.") == 1
        client.post(f"/conversations/{talk}/messages", json={"text": "One more?"})
        comes(page, lambda one: "One more?" in html(one), "the next message")
        assert "Question 0?" in html(page), "it stays"


def test_a_question_is_answered_while_a_round_runs(tmp_path: Path, serve: Serve) -> None:
    run = {"oracle": "llm", "gold_oracle": "replay:figures", "labels": 40, "batch": 8, "gold": 12}
    model = in_turn(calls("run_rounds", **run), says("Two: figures and words."))
    with OpenAIEndpoint(lambda _: "words", faults=[Fault(hold=True)] * 100) as endpoint:
        llm: dict[str, Any] = {"llm_base_url": endpoint.url, "llm_api_key": KEY, "llm_model": "gpt-4o-mini"}
        with small_bench(tmp_path, attended=False, **llm) as bench, serve(bench, model) as client:
            small_task(bench, TASK)
            page = comes(opened(chat=_talk(client, "run it")), lambda one: _keyed(one, "approve-"), "the card")
            _keyed(page, "approve-")[0].click()
            comes(page, lambda one: _keyed(one, "stop-"), "the run")
            page.chat_input(key="say").set_value("how many classes are there?")
            comes(page, lambda one: "Two: figures and words." in html(one), "the answer")
            assert [job["status"] for job in client.get("/jobs").json()] == ["running"]
            assert _keyed(page, "stop-"), "the run is still there to be seen"
            _keyed(page, "stop-")[0].click()
            endpoint.released.set()
            comes(page, lambda one: not _keyed(one, "stop-"), "the run to end")


def _keyed(page: AppTest, start: str) -> list[Button]:
    """The buttons whose key begins so."""
    return [one for one in page.button if one.key and one.key.startswith(start)]


def test_a_conversation_stays_in_sight_while_the_service_is_away(
    bench: Workbench, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(bench, in_turn(says("Hello."))) as client:
        talk = _talk(client)
        page = comes(conversation_of(talk), lambda one: "Hello." in html(one), "the answer")
        with monkeypatch.context() as away:
            away.setenv("LAUD_SERVICE_URL", "http://127.0.0.1:9")
            assert "Hello." in html(ran(page))
            assert "does not answer" in page.warning[0].value
        assert not ran(page).warning
        assert html(page).count("Hello.") == 1


def test_who_may_only_read_is_shown_nothing_to_press(bench: Workbench, serve: Serve) -> None:
    tokens = {"olga": bench.users.add("olga", "owner"), "vera": bench.users.add("vera", "viewer")}
    with serve(bench, in_turn(calls("delete_task", task=TASK))) as client:
        client.headers["Authorization"] = f"Bearer {tokens['olga']}"
        talk = _talk(client, "delete it")
        page = opened(chat=talk)
        page.session_state["token"] = tokens["vera"]
        comes(page, lambda one: "An owner decides on this." in html(one), "the card")
        assert not page.chat_input
        assert [one.label for one in page.button] == ["Log out"]
        assert "vera, viewer" in html(page)
        assert any("You may read along." in one.value for one in page.caption)
        page.session_state["token"] = tokens["olga"]
        assert {"Approve", "Refuse", "Rename"} <= {one.label for one in ran(page).button}


def test_a_service_with_users_asks_for_a_token(bench: Workbench, serve: Serve) -> None:
    token = bench.users.add("olga", "owner")
    with serve(bench, in_turn(), local=False):
        page = opened()
        assert page.subheader[0].value == "Who are you?"
        page.text_input[0].set_value("wrong")
        page.button[0].click()
        ran(page)
        assert "does not know that token" in page.warning[0].value
        page.text_input[0].set_value(token)
        page.button[0].click()
        assert "classifier of your own" in html(ran(page))


def test_a_page_for_others_lends_nobody_the_trust_in_this_machine(
    bench: Workbench, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUD_PAGE_FOR", "others")
    with serve(bench, in_turn()):
        assert opened().subheader[0].value == "Who are you?"
