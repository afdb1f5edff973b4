"""What an endpoint's refusal says of trying again, whoever asked it."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime


def asked_wait(retry_after: str, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, given as seconds or as a date (RFC 9110, 10.2.3); None where unsaid."""
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(retry_after) - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, down to the first one."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
