"""The compute lane on this machine: one warm child process, so that the caller answers while a model trains.

A child that is killed for memory costs a retry, not the caller. The child ends by itself when its parent is gone,
also after `kill -9`.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from tools.engine.errors import ComputeFailed

P = ParamSpec("P")
T = TypeVar("T")


def _watch_parent() -> None:
    """End this process as soon as its parent has ended, whatever it is doing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def leave() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


class LocalCompute:
    """Compute port over a spawned process that is started at the first call and kept warm."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    def _lane(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Threads that spin while they wait take the time of other programs. On an idle machine spinning would make
            # fine-tuning faster by a quarter (26.7 s against 35.5 s measured); set the variable to ACTIVE for that.
            os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
            self._executor = ProcessPoolExecutor(
                max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_watch_parent
            )
        return self._executor

    def _discard(self) -> None:
        if self._executor is not None:
            # The process is gone by now. A thread of the executor that is still noticing it as the program ends would
            # meet the interpreter's own clearing up, which then prints a traceback.
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `function` in the lane; a lane that died before is replaced first."""
        try:
            return self._lane().submit(function, *args, **kwargs)
        except BrokenProcessPool:
            self._discard()
            return self._lane().submit(function, *args, **kwargs)

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `function`; started again once when the lane dies under it."""
        try:
            return self.submit(function, *args, **kwargs).result()
        except BrokenProcessPool:
            self._discard()
        try:
            return self.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            self._discard()
            raise ComputeFailed(
                f"The process that runs `{function.__name__}` was killed twice, most likely for want of memory. "
                "Nothing is lost: free some memory, or take the learner `head`, and give the same command again."
            ) from error

    def close(self) -> None:
        """Stop the child; what it was doing is abandoned."""
        if self._executor is not None:
            for process in list((self._executor._processes or {}).values()):  # noqa: SLF001 - no public way in 3.11
                process.terminate()
        self._discard()
