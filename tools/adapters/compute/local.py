"""The compute lane on this machine: one warm child process, so that the caller answers while a model trains.

A child that is killed for memory costs a retry, not the caller. The child ends by itself when its parent is gone,
also after `kill -9`.
"""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any, ParamSpec, TypeVar

from tools.engine.errors import ComputeFailed

P = ParamSpec("P")
T = TypeVar("T")

_spare: list[ProcessPoolExecutor] = []
"""At most one child that has nothing to do: a lane that is closed leaves it to the next one of this process."""


def _begin() -> None:
    """End this process as soon as its parent has ended, whatever it is doing, and at once when it is told to."""
    atexit.register(os._exit, 0)  # what its libraries clear away goes with the process
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def leave() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A process that is started meanwhile hears no Ctrl-C: a terminal sends it to all, its caller says what it means.

    The process inherits what this thread blocks.
    """
    if sys.platform == "win32":  # which has no such masks
        yield
        return
    resource_tracker.ensure_running()  # started by the first process otherwise, and it unblocks again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LocalCompute:
    """Compute port over a spawned process that is started at the first call and kept warm; threads may share it.

    The process outlives the lane where it is idle then: the next workbench that this program opens need not wait
    seconds for it. It ends with this program.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._given: set[Future[Any]] = set()
        self._closed = False

    def _lane(self) -> ProcessPoolExecutor:
        if self._closed:
            raise ComputeFailed("The workspace is being closed; what was done is kept.")
        if self._executor is None:
            with suppress(IndexError):
                self._executor = _spare.pop()
        if self._executor is None:
            # Threads that spin while they wait take the time of other programs; sleeping at once makes fine-tuning
            # slower by a fifth. A moment of spinning costs neither (20.9 s spinning, 22.0 s so, 25.2 s sleeping).
            os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
            os.environ.setdefault("GOMP_SPINCOUNT", "100000")
            self._executor = ProcessPoolExecutor(
                max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
            )
        return self._executor

    def _replace(self, broken: ProcessPoolExecutor | None) -> ProcessPoolExecutor:
        """A lane that is not the broken one; another thread may have replaced that already."""
        if broken is not None and self._executor is broken:
            # The process is gone by now. A thread of the executor that is still noticing it as the program ends would
            # meet the interpreter's own clearing up, which then prints a traceback.
            broken.shutdown(wait=True, cancel_futures=True)
            self._executor = None
        return self._lane()

    def _submit(
        self, broken: ProcessPoolExecutor | None, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[ProcessPoolExecutor, Future[T]]:
        with self._lock, _undisturbed():
            lane = self._replace(broken)
            try:
                future = lane.submit(function, *args, **kwargs)
            except BrokenProcessPool:
                lane = self._replace(lane)
                future = lane.submit(function, *args, **kwargs)
            self._given.add(future)
            future.add_done_callback(self._given.discard)
            return lane, future

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `function` in the lane; a lane that died before is replaced first."""
        return self._submit(None, function, *args, **kwargs)[1]

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `function`; started again once when the lane dies under it."""
        lane, future = self._submit(None, function, *args, **kwargs)
        try:
            return future.result()
        except BrokenProcessPool:
            lane, future = self._submit(lane, function, *args, **kwargs)
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise ComputeFailed(
                f"The process that runs `{function.__name__}` was killed twice, most likely for want of memory. "
                "Nothing is lost: free some memory, or take the learner `head`, and give the same command again."
            ) from error

    def close(self) -> None:
        """Take nothing more. What the child is doing is abandoned: it is stopped, unless it has nothing to do."""
        with self._lock:
            self._closed = True
            executor, self._executor = self._executor, None
            if executor is None:
                return
            if not _spare and all(one.done() for one in list(self._given)):
                _spare.append(executor)
                return
            for process in list((executor._processes or {}).values()):  # noqa: SLF001 - no public way in 3.11
                process.terminate()
            executor.shutdown(wait=True, cancel_futures=True)
