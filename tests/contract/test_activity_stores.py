"""The contracts of the stores of conversations, jobs, events and users, over SQLite and over PostgreSQL."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import pytest
from sqlalchemy import select

from tests.support.stored import NOW
from tools.adapters.sql import Database, open_database, schema
from tools.engine.errors import AskAgain, UnknownName
from tools.engine.records import Conversation, Event, Job, Turn, User

DATA = {"text": 'Ünï ☕ \u202e "quoted" \0', "n": [1, 2.5, None], "deep": {"a": True}}

# --- events ---------------------------------------------------------------------------------------------------------


def test_events_come_back_in_order_from_any_offset(database: Database) -> None:
    events = database.events
    assert (events.last(), events.read()) == (0, [])
    first = events.append("token", DATA, conversation="c", job="j")
    second = events.append("job.queued", {})
    third = events.append("token", {"text": "b"}, conversation="c")
    assert first == Event(offset=first.offset, at=NOW, kind="token", conversation="c", job="j", data=DATA)
    assert first.offset < second.offset < third.offset == events.last()
    assert events.read() == [first, second, third]
    assert events.read(after=first.offset) == [second, third]
    assert events.read(limit=2) == [first, second]
    assert events.read(conversation="c") == [first, third]
    assert events.read(conversation="c", after=first.offset) == [third]
    assert events.read(after=third.offset) == []
    assert events.read("token", limit=None) == [first, third]
    assert events.read("job.queued", "other", conversation="c") == []


def test_passing_events_are_forgotten_and_their_offsets_stay_theirs(database: Database) -> None:
    events = database.events
    token, message = events.append("token", DATA), events.append("message", DATA)
    last = events.append("token", DATA).offset
    assert events.forget("token", "job.progress", before=NOW) == 0
    assert events.read(after=token.offset - 1)[0] == token
    assert events.forget("token", "job.progress", before=NOW + timedelta(seconds=1)) == 2
    assert events.read() == [message]
    assert events.append("token", DATA).offset > last


def test_waiting_ends_with_an_event_or_in_time(database: Database) -> None:
    events = database.events
    assert not events.wait(0, timeout=0.01)
    last = events.append("a", {}).offset
    assert events.wait(last - 1, timeout=0)
    assert not events.wait(last, timeout=0.01)
    began = monotonic()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(events.wait, last, timeout=60) for _ in range(2)]
        events.append("b", {})
        assert all(one.result() for one in waiting)
    assert monotonic() - began < 30


def test_a_reader_that_follows_misses_no_event_of_many_writers(database: Database) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def follow() -> None:
        after = 0
        while True:
            ended = stop.is_set()
            found = database.events.read(after=after, limit=7)
            seen.extend(event.offset for event in found)
            after = seen[-1] if seen else 0
            if ended and not found:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(4) as writers:
        offsets = list(writers.map(lambda n: database.events.append("n", {"n": n}).offset, range(100)))
    stop.set()
    reader.join()
    assert seen == sorted(offsets)


def _append_events(url: str, count: int) -> None:
    database = open_database(url)
    for number in range(count):
        database.events.append("n", {"n": number})
    database.close()


def test_events_of_another_process_are_found(database: Database, database_url: str) -> None:
    database.events.append("mine", {})
    process = multiprocessing.get_context("spawn").Process(target=_append_events, args=(database_url, 20))
    process.start()
    process.join()
    database.events.append("mine", {})
    assert database.events.wait(21, timeout=0)
    kinds = [event.kind for event in database.events.read()]
    assert kinds == ["mine", *["n"] * 20, "mine"]


# --- conversations ----------------------------------------------------------------------------------------------------


def test_conversations_are_listed_newest_first_by_owner(database: Database) -> None:
    store = database.conversations
    first, second, third = store.create("Äpfel ☕", "ada"), store.create("b", "bob"), store.create("c", "ada")
    assert first == Conversation(id=first.id, title="Äpfel ☕", owner="ada", created_at=NOW, archived=False)
    assert store.get(first.id) == first
    assert store.list() == [third, second, first]
    assert store.list("ada") == [third, first]
    renamed = store.rename(first.id, "Birnen")
    assert (renamed.title, store.get(first.id)) == ("Birnen", renamed)
    put_away = store.archive(third.id)
    assert put_away.archived
    assert store.list("ada") == [renamed]
    assert store.list(archived=True) == [put_away]
    assert store.archive(third.id, archived=False) == third


def test_an_unknown_conversation_is_named(database: Database) -> None:
    store = database.conversations
    for call in (
        lambda: store.get("x"),
        lambda: store.rename("x", "t"),
        lambda: store.archive("x"),
        lambda: store.add_turn("x", "message", {}),
    ):
        with pytest.raises(UnknownName, match="no conversation 'x'"):
            call()


def test_turns_wait_in_order_until_they_are_done(database: Database) -> None:
    store = database.conversations
    a, b = store.create("a", "ada").id, store.create("b", "ada").id
    first = store.add_turn(a, "message", DATA)
    second = store.add_turn(b, "resume", {"decision": "approve"})
    third = store.add_turn(a, "job", {"receipt": {}})
    assert first == Turn(id=first.id, conversation=a, kind="message", payload=DATA, status="queued", at=NOW)
    assert store.open_turns() == [first, second, third]
    assert store.next_turn(a) == first
    store.set_turn(first.id, "running")
    running = store.next_turn(a)
    assert running is not None
    assert (running.id, running.status) == (first.id, "running")
    store.set_turn(first.id, "failed")
    assert store.next_turn(a) == third
    store.set_turn(third.id, "done")
    assert store.next_turn(a) is None
    assert store.open_turns() == [second]


def test_a_turn_that_has_a_key_is_queued_once_in_its_conversation(database: Database) -> None:
    store = database.conversations
    a, b = store.create("a", "ada").id, store.create("b", "ada").id
    first = store.add_turn(a, "message", DATA, key="key-0001")
    assert first.payload == {**DATA, "key": "key-0001"}
    store.set_turn(first.id, "done")
    assert store.add_turn(a, "message", {"text": "again"}, key="key-0001").id == first.id
    others = [store.add_turn(a, "message", DATA, key="key-0002"), store.add_turn(a, "message", DATA)]
    others.append(store.add_turn(b, "message", DATA, key="key-0001"))
    assert len({first.id, *(one.id for one in others)}) == 4
    with ThreadPoolExecutor(4) as threads:
        turns = threads.map(lambda _: store.add_turn(b, "message", DATA, key="key-0003"), range(8))
        assert len({turn.id for turn in turns}) == 1


def test_the_first_answer_of_a_tool_call_holds(database: Database) -> None:
    store = database.conversations
    assert store.tool_result("call-1") is None
    store.save_tool_result("call-1", DATA)
    store.save_tool_result("call-1", {"another": 1})
    assert store.tool_result("call-1") == DATA


# --- jobs -------------------------------------------------------------------------------------------------------------


def test_a_job_is_queued_once(database: Database) -> None:
    conversation = database.conversations.create("a", "ada").id
    made = database.jobs.add("call-1", "run_rounds", DATA, conversation)
    assert made == Job(id="call-1", kind="run_rounds", conversation=conversation, args=DATA, status="queued", at=NOW)
    assert database.jobs.add("call-1", "another", {}) == made
    with ThreadPoolExecutor(4) as threads:
        assert len({job.at for job in threads.map(lambda _: database.jobs.add("call-2", "predict", {}), range(8))}) == 1
    assert [job.id for job in database.jobs.list()] == ["call-1", "call-2"]


def test_a_job_keeps_what_became_of_it(database: Database) -> None:
    jobs = database.jobs
    for name in ("a", "b", "c"):
        jobs.add(name, "run_rounds", {})
    running = jobs.set("a", status="running")
    assert (running.status, running.started_at, running.finished_at) == ("running", NOW, None)
    done = jobs.set("a", status="done", receipt=DATA)
    assert (done.receipt, done.error, done.started_at, done.finished_at) == (DATA, None, NOW, NOW)
    failed = jobs.set("b", status="failed", error="Why.")
    assert (failed.receipt, failed.error, failed.started_at, failed.finished_at) == (None, "Why.", None, NOW)
    assert jobs.list("queued") == [jobs.get("c")]
    jobs.set("c", status="running")
    assert jobs.set("c", status="queued").started_at is None
    assert [job.status for job in jobs.list()] == ["done", "failed", "queued"]
    with pytest.raises(UnknownName, match="no job 'x'"):
        jobs.set("x", status="done")


def test_an_ended_job_is_unreported_until_it_is_reported(database: Database) -> None:
    jobs = database.jobs
    for name in ("a", "b", "c", "d"):
        jobs.add(name, "run_rounds", {})
    jobs.set("c", status="cancelled")
    jobs.set("a", status="done", receipt={})
    jobs.set("d", status="running")
    assert [job.id for job in jobs.unreported()] == ["a", "c"]
    jobs.reported("a")
    assert [job.id for job in jobs.unreported()] == ["c"]


# --- users ------------------------------------------------------------------------------------------------------------


def test_a_user_is_known_by_the_token_alone(database: Database) -> None:
    ada, zoe = database.users.add("zoë", "owner"), database.users.add("Ada", "viewer")
    assert database.users.list() == [
        User(name="Ada", role="viewer", created_at=NOW),
        User(name="zoë", role="owner", created_at=NOW),
    ]
    assert database.users.by_token(ada) == User(name="zoë", role="owner", created_at=NOW)
    assert database.users.by_token(zoe) == User(name="Ada", role="viewer", created_at=NOW)
    for nobody in ("", "zoë", ada[:-1], ada.swapcase()):
        assert database.users.by_token(nobody) is None


def test_the_token_itself_is_not_stored(database: Database) -> None:
    token = database.users.add("ada", "owner")
    with database.engine.connect() as connection:
        (row,) = connection.execute(select(schema.users)).all()
    assert token not in map(str, row)
    assert len(token) > 40


def test_names_are_taken_once_and_free_again_when_removed(database: Database) -> None:
    token = database.users.add("ada", "owner")
    with pytest.raises(AskAgain, match="a user 'ada' already"):
        database.users.add("ada", "viewer")
    database.users.remove("ada")
    assert database.users.by_token(token) is None
    with pytest.raises(UnknownName, match="no user 'ada'"):
        database.users.remove("ada")
    assert database.users.add("ada", "viewer") != token
