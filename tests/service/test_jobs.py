"""Jobs: one at a time, in order, with progress, cancel, and going on after the process has died."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.jobs import Handler, Jobs
from tests.support.laud_process import PATIENCE, ROOT, until
from tools.engine.errors import AskAgain, CannotDo, StorageFailed, UnknownName
from tools.engine.records import Job
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

Start = Callable[..., Jobs]


@pytest.fixture
def bench(workspace: Path) -> Iterator[Workbench]:
    with open_workbench(Settings(workspace=workspace), write=True) as opened:
        yield opened


@pytest.fixture
def ended() -> list[Job]:
    """The jobs that were told of, in order."""
    return []


@pytest.fixture
def start(bench: Workbench, ended: list[Job]) -> Iterator[Start]:
    """Starts jobs over handlers."""
    opened: list[Jobs] = []

    def begin(**handlers: Handler) -> Jobs:
        opened.append(Jobs(bench, handlers, ended.append))
        opened[-1].start()
        return opened[-1]

    yield begin
    for jobs in opened:
        jobs.close()


class Work:
    """A handler that works in steps: it says when it has begun, and takes a step each time it is let."""

    def __init__(self, steps: int = 1) -> None:
        self.begun = threading.Event()
        self.let = threading.Semaphore(0)
        self.steps = steps
        self.done = 0

    def __call__(self, bench: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:
        """Work through the steps."""
        self.begun.set()
        for step in range(self.steps):
            assert self.let.acquire(timeout=PATIENCE)
            self.done = step + 1
            bench.progress("working", self.done, self.steps)
        return {"steps": self.done, **args}


def kinds(bench: Workbench, job: str) -> list[str]:
    return [event.kind for event in bench.events.read() if event.job == job]


def test_a_job_runs_and_tells_what_it_brought(start: Start, bench: Workbench, ended: list[Job]) -> None:
    conversation = bench.conversations.create("a", "ada").id
    jobs = start(work=lambda bench, args: {"got": args["n"], "pools": bench.pools.names()})
    queued = jobs.submit("call-1", "work", {"n": 3}, conversation)
    assert (queued.status, queued.conversation) == ("queued", conversation)
    until(lambda: bool(ended), "the job to end")
    assert (ended[0].status, ended[0].receipt) == ("done", {"got": 3, "pools": []})
    events = bench.events.read(conversation=conversation)
    assert [event.kind for event in events] == ["job.queued", "job.started", "job.finished"]
    assert events[-1].data == {"kind": "work", "receipt": {"got": 3, "pools": []}}
    until(lambda: not bench.jobs.unreported(), "the telling to be noted")


def test_the_same_id_again_is_the_same_job(start: Start, bench: Workbench, ended: list[Job]) -> None:
    jobs = start(work=lambda _, args: dict(args))
    jobs.submit("call-1", "work", {"n": 1})
    until(lambda: bool(ended), "the job to end")
    again = jobs.submit("call-1", "work", {"n": 2})
    assert (again.status, again.receipt) == ("done", {"n": 1})
    assert kinds(bench, "call-1").count("job.queued") == 1


def test_an_unknown_kind_is_refused(start: Start) -> None:
    with pytest.raises(AskAgain, match=r"no job 'sing'.*work"):
        start(work=lambda *_: {}).submit("a", "sing", {})


def test_one_job_runs_at_a_time_and_the_others_wait_in_order(start: Start, ended: list[Job]) -> None:
    work = {name: Work() for name in ("a", "b", "c")}
    jobs = start(work=lambda bench, args: work[args["name"]](bench, args))
    for name in work:
        jobs.submit(name, "work", {"name": name})
    for place, name in enumerate(work):
        assert work[name].begun.wait(PATIENCE)
        assert [job.id for job in jobs.queue()] == [*work][place:]
        assert [other.begun.is_set() for other in work.values()].count(True) == place + 1
        work[name].let.release()
    until(lambda: len(ended) == 3, "all to end")
    assert [job.id for job in ended] == ["a", "b", "c"]
    assert jobs.queue() == []


def test_progress_is_seen_while_it_works(start: Start, bench: Workbench) -> None:
    work = Work(steps=3)
    jobs = start(work=work)
    jobs.submit("a", "work", {})
    assert jobs.stage("a") is None
    work.let.release()
    until(lambda: jobs.stage("a") is not None, "progress")
    stage = jobs.stage("a")
    assert stage is not None
    assert (stage.stage, stage.done, stage.total) == ("working", 1, 3)
    until(lambda: "job.progress" in kinds(bench, "a"), "an event")
    shown = next(event for event in bench.events.read() if event.kind == "job.progress")
    assert shown.data == {"kind": "work", "stage": "working", "done": 1, "total": 3}
    work.let.release(2)
    until(lambda: bench.jobs.get("a").status == "done", "the end")


def test_quick_progress_makes_few_events_and_the_last_one_is_shown(start: Start, bench: Workbench) -> None:
    def count(bench: Workbench, args: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as a handler is called
        for number in range(1, 1_001):
            bench.progress("counting", number, 1_000)
        return {}

    start(count=count).submit("a", "count", {})
    until(lambda: bench.jobs.get("a").status == "done", "the end")
    shown = [event.data["done"] for event in bench.events.read() if event.kind == "job.progress"]
    assert (shown[0], shown[-1]) == (1, 1_000)
    assert len(shown) < 100


def test_progress_of_other_threads_is_no_job_s(start: Start, bench: Workbench) -> None:
    work = Work()
    jobs = start(work=work)
    jobs.submit("a", "work", {})
    assert work.begun.wait(PATIENCE)
    jobs.cancel("a")
    bench.progress("elsewhere", 1, 2)
    assert jobs.stage("a") is None
    work.let.release()


def test_a_running_job_is_stopped_at_its_next_step(start: Start, bench: Workbench, ended: list[Job]) -> None:
    work = Work(steps=3)
    jobs = start(work=work, other=lambda *_: {})
    jobs.submit("a", "work", {})
    jobs.submit("b", "other", {})
    work.let.release()
    until(lambda: work.done == 1, "the first step")
    assert jobs.cancel("a").status == "cancelled"
    assert bench.jobs.get("b").status == "queued"
    work.let.release()
    until(lambda: len(ended) == 2, "both to end")
    assert work.done == 2
    assert [(job.id, job.status, job.receipt) for job in ended] == [("a", "cancelled", None), ("b", "done", {})]
    assert kinds(bench, "a")[-1] == "job.cancelled"


def test_a_waiting_job_is_taken_out_of_the_queue(start: Start, ended: list[Job]) -> None:
    work = Work()
    jobs = start(work=work, never=lambda *_: pytest.fail("it ran"))
    jobs.submit("a", "work", {})
    jobs.submit("b", "never", {})
    assert work.begun.wait(PATIENCE)
    assert jobs.cancel("b").status == "cancelled"
    assert [job.id for job in jobs.queue()] == ["a"]
    work.let.release()
    until(lambda: len(ended) == 2, "both to be told of")
    assert {job.id: job.status for job in ended} == {"a": "done", "b": "cancelled"}
    assert jobs.cancel("a").status == "done"
    with pytest.raises(UnknownName, match="no job 'x'"):
        jobs.cancel("x")


def test_an_error_is_told_in_its_words_and_the_next_job_runs(start: Start, ended: list[Job]) -> None:
    def fail(*_: object) -> dict[str, Any]:
        raise CannotDo("The oracle sleeps.")

    jobs = start(fail=fail, work=lambda *_: {})
    jobs.submit("a", "fail", {})
    jobs.submit("b", "work", {})
    until(lambda: len(ended) == 2, "both to end")
    assert [(job.status, job.error) for job in ended] == [("failed", "The oracle sleeps."), ("done", None)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # that is how a fault is reported
def test_a_fault_ends_its_job_only_and_says_nothing_of_texts(start: Start, ended: list[Job]) -> None:
    jobs = start(
        fault=lambda _, args: {"n": args["secret text"]}, odd=lambda *_: {"not JSON": {1, 2}}, work=lambda *_: {}
    )
    for name in ("fault", "odd", "work"):
        jobs.submit(name, name, {})
    until(lambda: len(ended) == 3, "all to end")
    assert [job.status for job in ended] == ["failed", "failed", "done"]
    assert ended[0].error == "A fault of LAUD's own, KeyError; what was done is kept."


def test_closing_leaves_the_job_to_the_next_start(bench: Workbench, ended: list[Job]) -> None:
    work = Work(steps=100_000)
    jobs = Jobs(bench, {"work": work}, ended.append)
    jobs.start()
    jobs.submit("a", "work", {})
    assert work.begun.wait(PATIENCE)
    closing = threading.Thread(target=jobs.close)
    closing.start()

    def stopped_after_a_step() -> bool:
        work.let.release()
        return not jobs.working

    until(stopped_after_a_step, "the queue to be left")
    closing.join(PATIENCE)
    assert (bench.jobs.get("a").status, ended) == ("running", [])
    again = Jobs(bench, {"work": lambda *_: {"again": True}}, ended.append)
    again.start()
    until(lambda: bool(ended), "the job to end")
    again.close()
    assert (ended[0].id, ended[0].receipt) == ("a", {"again": True})


def test_what_was_not_told_before_a_kill_is_told_at_the_start(bench: Workbench, ended: list[Job], start: Start) -> None:
    bench.jobs.add("a", "work", {})
    bench.jobs.set("a", status="done", receipt={"n": 1})
    start(work=lambda *_: pytest.fail("it ran again"))
    until(lambda: bool(ended), "it to be told")
    assert ended[0].receipt == {"n": 1}
    assert kinds(bench, "a") == ["job.finished"]


def test_a_full_disk_delays_the_telling(bench: Workbench) -> None:
    told: list[Job] = []
    tries: list[Job] = []

    def tell(job: Job) -> None:
        tries.append(job)
        if len(tries) == 1:
            raise StorageFailed("The disk is full.")
        told.append(job)

    jobs = Jobs(bench, {"work": lambda *_: {}}, tell)
    jobs.start()
    jobs.submit("a", "work", {})
    until(lambda: bool(told), "it to be told at the second try")
    jobs.close()
    assert [job.id for job in tries] == ["a", "a"]


PROGRAM = """
import sys, time
from pathlib import Path
from agent.jobs import Jobs
from tools.settings import Settings
from tools.workbench import open_workbench

folder, begun = Path(sys.argv[1]), Path(sys.argv[2])

def work(bench, args):
    begun.touch()
    time.sleep(600)

with open_workbench(Settings(workspace=folder), write=True) as bench:
    jobs = Jobs(bench, {"work": work}, print)
    jobs.submit("a", "work", {"n": 1})
    jobs.submit("b", "work", {"n": 2})
    jobs.start()
    time.sleep(600)
"""


def test_jobs_of_a_killed_process_run_at_the_next_start(workspace: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(workspace), str(begun)], env=environment) as process:
        until(begun.exists, "the job to begin")
        process.send_signal(signal.SIGKILL)
    ended: list[Job] = []
    with open_workbench(Settings(workspace=workspace), write=True) as bench:
        assert [job.status for job in bench.jobs.list()] == ["running", "queued"]
        jobs = Jobs(bench, {"work": lambda _, args: dict(args)}, ended.append)
        jobs.start()
        until(lambda: len(ended) == 2, "both to end")
        jobs.close()
    assert [(job.id, job.receipt) for job in ended] == [("a", {"n": 1}), ("b", {"n": 2})]
