"""Heavy work as jobs: one at a time, in a queue that anyone can see, going on when whoever asked has left.

Jobs are stored before they run. One that a process died in is queued again at the next start, so what runs must be able
to run again: every heavy tool goes on from where it was.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

from tools.engine.errors import AskAgain, LaudError, StorageFailed, UnknownName
from tools.engine.records import Job, JobStatus
from tools.workbench import Workbench

Handler = Callable[[Workbench, Mapping[str, Any]], dict[str, Any]]
"""What runs a kind of job: takes the workbench and the job's arguments, returns the receipt, JSON both."""

SECONDS_BETWEEN_PROGRESS = 0.25
"""Progress of one stage becomes an event at most this often."""
SECONDS_TO_STOP = 2.0
"""What a job gets at closing time to come to its next step, before the compute lane is closed under it."""
PASSING = ("job.progress", "token")
"""Events that later ones make needless: how far a job was that has ended, the pieces of a message that is whole."""
KEPT = timedelta(days=1)
"""How long these are kept."""
SECONDS_TO_RETRY = 2.0
"""Between two tries to store how a job ended, when the disk is full."""
_log = logging.getLogger(__name__)


class JobCancelled(Exception):
    """Raised in the middle of a job's work, between two steps, when it was cancelled; what was done is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far the running job is; `total` is None where the end is not known."""

    stage: str
    done: int
    total: int | None


@dataclass(slots=True, kw_only=True)
class _Running:
    """The job at work, and what its thread and others say to each other."""

    job: Job
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    stage: Stage | None = None
    shown_at: float = float("-inf")
    outcome: tuple[JobStatus, dict[str, Any] | None, str | None] = ("failed", None, None)


class Jobs:
    """The queue of heavy work and the thread that works through it.

    `handlers` run the kinds of jobs. `on_end` is told of each job that ended, whichever way, in the order in which they
    ended; after a kill between telling and noting it is told again, so it must take the same job twice.
    """

    def __init__(self, bench: Workbench, handlers: Mapping[str, Handler], on_end: Callable[[Job], None]) -> None:
        self._bench = bench
        self._handlers = handlers
        self._on_end = on_end
        self._changed = threading.Condition()
        self._reporting = threading.Lock()
        self._closing = threading.Event()
        self._running: _Running | None = None
        self._thread = threading.Thread(target=self._work, name="laud-jobs", daemon=True)

    def start(self) -> None:
        """Queue again what a killed process left running, tell of what it did not tell, and begin to work."""
        for job in self._bench.jobs.list("running"):
            self._bench.jobs.set(job.id, status="queued")
            self._bench.events.append("job.queued", {"kind": job.kind}, conversation=job.conversation, job=job.id)
        self._bench.events.forget(*PASSING, before=self._bench.clock() - KEPT)
        self._thread.start()

    def submit(self, job: str, kind: str, args: Mapping[str, Any], conversation: str | None = None) -> Job:
        """Queue a job; the same id again changes nothing and gives the job as it stands. Raises AskAgain."""
        if kind not in self._handlers:
            raise AskAgain(f"There is no job {kind!r}. The kinds are: {', '.join(sorted(self._handlers))}.")
        with self._changed:
            with suppress(UnknownName):
                return self._bench.jobs.get(job)
            queued = self._bench.jobs.add(job, kind, args, conversation)
            self._bench.events.append("job.queued", {"kind": kind}, conversation=conversation, job=job)
            self._changed.notify_all()
        return queued

    def cancel(self, job: str) -> Job:
        """Take a job out of the queue, or stop it at its next step; one that ended stays as it is. Raises UnknownName.

        A step that is being computed is finished before the next job begins; a job that had only that step left is
        done.
        """
        with self._changed:
            found = self._bench.jobs.get(job)
            runs = self._running is not None and self._running.job.id == job
            waited = found.status == "queued" and not runs
            if found.status in ("queued", "running"):
                found = self._bench.jobs.set(job, status="cancelled")
                if self._running is not None and runs:
                    self._running.cancelled.set()
                self._changed.notify_all()
        if waited:
            self._report()  # not only when the job that runs has ended
        return found

    @property
    def working(self) -> bool:
        """Whether the queue is being worked through."""
        return self._thread.is_alive()

    def queue(self) -> list[Job]:
        """The running job, if there is one, and those that wait, in their order."""
        return sorted(self._bench.jobs.list("running", "queued"), key=lambda job: job.status != "running")

    def stage(self, job: str) -> Stage | None:
        """How far a running job is; None for any other, and before its first step."""
        running = self._running
        return running.stage if running is not None and running.job.id == job else None

    def close(self) -> None:
        """Stop working. The running job is left in the middle and goes on at the next start."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if not self._thread.is_alive():
            return
        self._thread.join(SECONDS_TO_STOP)
        if self._thread.is_alive():
            self._bench.compute.close()
            self._thread.join(SECONDS_TO_STOP)

    # --- the thread that works through the queue ----------------------------------------------------------------------

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                self._report()
                running = self._take()
                if running is not None:
                    self._run(running)
            except StorageFailed as error:
                # Nothing can be stored now: no job is lost, each is taken up again when there is room.
                _log.warning("jobs wait for the storage: %s", error)
                self._closing.wait(SECONDS_TO_RETRY)

    def _report(self) -> None:
        """Tell of every job that ended since, but for one that is still in its last step."""
        with self._reporting:
            for job in self._bench.jobs.unreported():
                if self._running is None or self._running.job.id != job.id:
                    self._tell(job)

    def _tell(self, job: Job) -> None:
        data: dict[str, Any] = {"kind": job.kind}
        if job.status == "done":
            data["receipt"] = job.receipt
        elif job.status == "failed":
            data["error"] = job.error
        kind = "job.finished" if job.status == "done" else f"job.{job.status}"
        self._bench.events.append(kind, data, conversation=job.conversation, job=job.id)
        self._on_end(job)
        self._bench.jobs.reported(job.id)
        self._bench.events.forget(*PASSING, before=self._bench.clock() - KEPT)

    def _take(self) -> _Running | None:
        """The next job of the queue, waited for; None when there is something else to do."""
        with self._changed:
            queued = self._bench.jobs.list("queued")
            if not queued:
                if not self._closing.is_set() and not self._bench.jobs.unreported():
                    self._changed.wait()
                return None
            job = queued[0]
            self._bench.events.append("job.started", {"kind": job.kind}, conversation=job.conversation, job=job.id)
            self._running = _Running(job=self._bench.jobs.set(job.id, status="running"))
            return self._running

    def _run(self, running: _Running) -> None:
        """Run a job in a thread of its own, which a fault in it may end, and store how it ended."""
        threading.Thread(target=self._carry_out, args=(running,), name=f"laud-{running.job.kind}", daemon=True).start()
        running.ended.wait()
        status, receipt, error = running.outcome
        left = self._closing.is_set() and status != "done"
        while not left:
            try:
                self._bench.jobs.set(running.job.id, status=status, receipt=receipt, error=error)
                break
            except StorageFailed as failed:
                _log.warning("the end of job %s waits for the storage: %s", running.job.id, failed)
                left = self._closing.wait(SECONDS_TO_RETRY)
        with self._changed:
            self._running = None

    def _carry_out(self, running: _Running) -> None:
        bench = self._bench.lent(progress=lambda stage, done, total: self._show(running, stage, done, total))
        try:
            receipt = self._handlers[running.job.kind](bench, running.job.args)
            json.dumps(receipt)
            running.outcome = ("done", receipt, None)
        except JobCancelled:
            running.outcome = ("cancelled", None, None)
        except LaudError as error:
            running.outcome = ("failed", None, str(error))
        except BaseException as error:
            # The thread ends with the error, which goes where the process reports faults.
            running.outcome = ("failed", None, f"A fault of LAUD's own, {type(error).__name__}; what was done is kept.")
            if self._closing.is_set():  # which takes the compute lane away from under it
                sys.exit()
            raise
        finally:
            running.ended.set()

    def _show(self, running: _Running, stage: str, done: int, total: int | None) -> None:
        """The progress display of a job: events for who looks on, and the place where it can be stopped."""
        if running.cancelled.is_set() or self._closing.is_set():
            raise JobCancelled
        now = monotonic()
        changed = running.stage is None or running.stage.stage != stage
        running.stage = Stage(stage=stage, done=done, total=total)
        if changed or done == total or now - running.shown_at >= SECONDS_BETWEEN_PROGRESS:
            running.shown_at = now
            job = running.job
            data = {"kind": job.kind, "stage": stage, "done": done, "total": total}
            self._bench.events.append("job.progress", data, conversation=job.conversation, job=job.id)
