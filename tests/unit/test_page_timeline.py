"""What the page makes of a conversation: each thing once, in order, whatever came before and after a reload."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.service import wire
from ui.parts import look, round_card, timeline, words
from ui.parts.timeline import Feed, RoundCard, Said, Step

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def _card(number: int, labels: int = 16, status: str = "closed") -> dict[str, Any]:
    return {"round": number, "labels": labels, "status": status, "scores": None}


def _call(name: str, call: str, **args: Any) -> wire.Message:
    shown = wire.ToolCallShown(id=call, name=name, args=args)
    return wire.Message(id=f"m-{call}", role="assistant", text="", calls=[shown])


def _result(name: str, call: str, **receipt: Any) -> wire.Message:
    return wire.Message(id=f"result-{call}", role="tool", text="", name=name, receipt=receipt)


def _job(call: str, status: str = "running") -> wire.Job:
    fields = {"conversation": "c", "receipt": None, "error": None, "started_at": NOW, "finished_at": None}
    return wire.Job.model_validate(
        {"id": call, "kind": "run_rounds", "status": status, "args": {"task": "t"}, "at": NOW, **fields}
    )


def _view(*messages: wire.Message, busy: bool = False, **more: Any) -> wire.View:
    conversation = wire.Conversation(id="c", title="A talk", owner="local", created_at=NOW, archived=False)
    given = {"pending": None, "jobs": [], "last": 9, **more}
    return wire.View(conversation=conversation, messages=list(messages), busy=busy, **given)


def _events(*made: tuple[str, dict[str, Any]], seconds: float = 1.0) -> wire.Events:
    events = [
        wire.Event(offset=at, at=NOW + timedelta(seconds=seconds * at), kind=kind, conversation="c", job="j", data=data)
        for at, (kind, data) in enumerate(made, start=1)
    ]
    return wire.Events(events=events, last=len(events))


def _kinds(blocks: list[timeline.Block]) -> list[object]:
    return [
        one.text if isinstance(one, Said) else one.tool if isinstance(one, Step) else one.card["round"]
        for one in blocks
    ]


def test_what_was_said_and_done_comes_in_order_and_notes_of_the_program_do_not() -> None:
    view = _view(
        wire.Message(id="turn-1", role="user", text="find x"),
        _call("add_texts", "a", file="x.csv"),
        _result("add_texts", "a", pool="x"),
        wire.Message(id="job-a", role="job", text="(From the program)"),
        wire.Message(id="m", role="assistant", text="Read."),
    )
    blocks = timeline.blocks(view)
    assert _kinds(blocks) == ["find x", "add_texts", "Read."]
    assert isinstance(blocks[1], Step)
    assert blocks[1].state == "done"


def test_a_round_stands_once_though_many_receipts_name_it() -> None:
    view = _view(
        _call("run_rounds", "a", task="t"),
        _result("run_rounds", "a", task="t", rounds=[_card(0), _card(1, 41)]),
        _call("run_rounds", "b", task="t"),
        _result("run_rounds", "b", task="t", rounds=[_card(0), _card(1, 41), _card(2, 66)]),
    )
    assert _kinds(timeline.blocks(view)) == ["run_rounds", 0, 1, "run_rounds", 2]
    last = timeline.blocks(view)[-1]
    assert isinstance(last, RoundCard)
    assert last.before == _card(1, 41)


def test_rounds_of_a_run_at_work_come_as_they_close() -> None:
    view = _view(_call("run_rounds", "a", task="t"), jobs=[_job("a")])
    assert timeline.runs_of(view) == ["t"]
    shown = timeline.blocks(view, rounds={"t": [_card(0), _card(1, 41, status="labeling")]})
    assert _kinds(shown) == ["run_rounds", 0]
    assert isinstance(shown[0], Step)
    assert shown[0].state == "running"


def test_a_round_stands_on_a_card_with_its_change_its_cost_and_why_its_texts_were_picked() -> None:
    def scored(number: int, labels: int, value: float) -> dict[str, Any]:
        found = {"value": value, "low": value - 0.1, "high": value + 0.1}
        facts = {"oracle_calls": labels, "cost": 0.0123, "strategy": "positive-hunt/likely"}
        return {**_card(number, labels), **facts, "scores": {"of": "baby <care>", "f1": found}}

    lot = "It was drawn by lot. The model gave 'a' 60%."
    why: list[dict[str, Any]] = [{"text": f"text <b>{n}</b>", "label": None, "why": lot} for n in "ab"]
    why.append({"text": "c", "label": "x", "why": "The model was torn."})
    shown = round_card.html(RoundCard(task="t", card=scored(2, 66, 0.8), before=scored(1, 41, 0.75), why=why))
    for part in (
        "Round 2", "80\u2009%", "70\u2009\u2013\u200990\u2009%", "▲ 5 points", "66 labels (+25)", "$0.0123 spent",
        "strategy positive-hunt<", "2 texts: it was drawn by lot<", "1 text: the model was torn<", "baby &lt;care&gt;",
        "text &lt;b&gt;a", "waits for a label",
    ):  # fmt: skip
        assert part in shown
    assert "“c”" not in shown, "two texts are enough"


def test_what_buttons_say_is_not_said_twice() -> None:
    offered = wire.Message(id="m", role="assistant", text="Stopped.\nYou can say:\n  1. status\n  2. export")
    assert _kinds(timeline.blocks(_view(offered))) == ["Stopped."]
    quoted = wire.Message(id="m", role="assistant", text="You can say:\nwhatever\n\nPlan: x is a word.\nEnd.")
    assert _kinds(timeline.blocks(_view(quoted))) == [quoted.text]


def test_a_call_that_waits_on_a_card_is_no_step_yet_and_a_failed_one_says_so() -> None:
    waits = _view(_call("delete_task", "a", task="t"), pending={"kind": "approval", "call": "a"})
    assert timeline.blocks(waits) == []
    failed = timeline.blocks(_view(_call("export", "a"), _result("export", "a", error="no model")))
    assert [one.state for one in failed if isinstance(one, Step)] == ["failed"]
    assert words.outcome("export", {"error": "no model"}) == "no model"
    assert words.outcome("export", {"error": "There is no model yet. Run a round."}) == "There is no model yet."
    assert words.step("run_rounds", {}, {}, running=True) == "Running the loop"


def test_an_answer_is_written_piece_by_piece_until_it_is_whole() -> None:
    feed = Feed(after=0)
    feed.take(_events(("turn.started", {}), ("token", {"message": "m", "text": "Two "})))
    feed.take(_events(("token", {"message": "m", "text": "texts."})))
    assert feed.draft(_view(busy=True)) == "Two texts."
    whole = wire.Message(id="m", role="assistant", text="Two texts.")
    assert feed.draft(_view(whole, busy=True)) == "", "it stands in the view now"
    feed.take(_events(("turn.failed", {"error": "The endpoint does not answer."})))
    assert (feed.draft(_view(busy=True)), feed.failure) == ("", "The endpoint does not answer.")
    feed.take(_events(("turn.started", {})))
    assert feed.failure is None


def test_the_time_left_comes_from_the_pace_of_the_stage() -> None:
    feed = Feed(after=0)
    stage = {"kind": "add_texts", "stage": "embedding", "total": 100}
    feed.take(_events(*[("job.progress", {**stage, "done": done}) for done in (0, 20, 40)]))
    assert feed.left == 3.0
    assert feed.stage == wire.Stage(stage="embedding", done=40, total=100)
    feed.take(_events(("job.finished", {})))
    fresh = Feed(after=0)
    assert (feed.stage, feed.left) == (fresh.stage, fresh.left)


def test_words_from_outside_stay_words() -> None:
    hostile = "<script>alert(1)</script> **b** :smile: $x$ [a](http://b.c) www.evil.example"
    shown = look.html("<p>{}</p>", hostile)
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    label = look.label(hostile)
    assert "\\*\u2060\\*" in label
    assert ":smile" not in label
    assert "www." not in label
    assert "<" not in label.replace("\\<", "")
    assert look.label("two\nlines  here") == "two lines here"


def test_numbers_have_the_digits_that_say_something() -> None:
    assert words.dollars(0) == "$0"
    assert words.dollars(0.0123) == "$0.0123"
    assert words.dollars(1234.5) == "$1,234.50"
    assert words.percent(0.9749) == "97\u2009%"
    assert words.interval({"low": 0.951, "high": 0.99}) == "95\u2009\u2013\u200999\u2009%"
    assert [words.seconds(value) for value in (3.21, 45.0, 600.0, 7_200.0)] == ["3.2 s", "45 s", "10 min", "2.0 h"]
