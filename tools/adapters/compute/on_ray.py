"""The compute lane on a Ray cluster: the same functions, run as Ray tasks (`LAUD_RAY_ADDRESS`)."""

from collections.abc import Callable
from concurrent.futures import Future
from socket import create_connection
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

import ray
from ray.exceptions import RayError, RayTaskError

from tools.engine.errors import CannotDo, ComputeFailed

SECONDS_TO_ANSWER = 5.0

P = ParamSpec("P")
T = TypeVar("T")


class RayCompute:
    """Compute port over `ray.remote`; a worker that dies is retried once by Ray itself."""

    def __init__(self, address: str) -> None:
        try:
            _reach(address)
            ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(getattr(error, "strerror", None) or error).splitlines()[0].removesuffix(".")
            raise CannotDo(
                f"No Ray cluster answers at {address!r}: {reason}. "
                "Start it, correct LAUD_RAY_ADDRESS, or unset it to compute on this machine."
            ) from error

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `function` on the cluster."""
        remote = ray.remote(max_retries=1)(function)
        future: Future[T] = remote.remote(*args, **kwargs).future()
        return future

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `function`; its own errors come through as they are."""
        try:
            return self.submit(function, *args, **kwargs).result()
        except RayTaskError as error:
            raise error.as_instanceof_cause() from error
        except RayError as error:
            raise ComputeFailed(
                f"The Ray worker that runs `{function.__name__}` died twice: {str(error).splitlines()[0]} "
                "Nothing is lost: give the workers more memory, and give the same command again."
            ) from error

    def close(self) -> None:
        """Leave the cluster."""
        ray.shutdown()


def _reach(address: str) -> None:
    """Raise OSError where nothing listens: Ray itself tries for minutes. Words such as `auto` are left to Ray."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname and place.port:
        create_connection((place.hostname, place.port), timeout=SECONDS_TO_ANSWER).close()
