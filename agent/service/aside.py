"""Work that an answer needs and should not be waited for: begun once, asked after until it is done."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 0.5
"""Seconds that an answer waits for work that may be done in a moment."""

WORKERS = 4
"""Pieces at a time: they wait for the compute lane, and one that needs nothing of it is not to wait for them."""


class Aside:
    """Pieces of work, each known by its key while it is under way."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: dict[str, Future[Any]] = {}
        self._worker = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="aside")

    def done(self, key: str, work: Callable[[], T]) -> T | None:
        """What the work brings, begun now if it is not under way; None while that takes long.

        What goes wrong in it is raised to whoever asks next, and the work begun anew by the one after.
        """
        with self._lock:
            future: Future[T] = self._under_way.get(key) or self._worker.submit(work)
            self._under_way[key] = future
        if not wait([future], PATIENCE).done:
            return None
        with self._lock:
            self._under_way.pop(key, None)
        return future.result()

    def close(self) -> None:
        """Begin nothing more; what is under way ends with the compute lane."""
        self._worker.shutdown(wait=False, cancel_futures=True)
