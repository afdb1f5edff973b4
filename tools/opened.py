"""What is held open and shared by threads."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Opened:
    """What a workbench holds open, each opened once, by whichever thread needs it first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ports: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], T]) -> T:
        """The port of that name, made now if it is not open; what is open is never waited for."""
        if name not in self._ports:
            with self._lock:
                if name not in self._ports:
                    self._ports[name] = make()
        port: T = self._ports[name]
        return port

    def close(self) -> None:
        """Close what was opened, last opened first."""
        while self._ports:
            self._ports.popitem()[1].close()
