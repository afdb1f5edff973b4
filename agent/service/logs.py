"""The service's log: one JSON object a line on stderr, without texts, keys, or the values of errors.

What other libraries log is named by its place only: their messages may quote what they work on.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

OWN = ("agent", "tools", "uvicorn")
"""Loggers whose messages hold nothing but names, numbers and LAUD's own sentences."""
NOTED = ("method", "route", "status", "seconds")
"""Fields that a message may bring."""


def set_up(stream: TextIO = sys.stderr) -> None:
    """Send what this process logs, and the faults of its threads, to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                _foreign,
                structlog.stdlib.ExtraAdder(NOTED),
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _without_values,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True  # the service logs requests itself, without their queries
    threading.excepthook = _thread_fault


def places(error: BaseException) -> list[str]:
    """Where an error came from, as file:line function, without its message or any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _without_values(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
    """An error by its kind and place."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = places(error)
    return event


def _foreign(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
    """What another library says, by its place only."""
    record: logging.LogRecord = event["_record"]
    if record.name.partition(".")[0] not in OWN:
        event["event"] = "a library's message, not shown"
        event["place"] = f"{record.pathname}:{record.lineno}"
    elif record.name.startswith("uvicorn") and record.exc_info is not None:
        event["event"] = "fault"
    return event


def _thread_fault(fault: threading.ExceptHookArgs) -> None:
    error: BaseException | None = fault.exc_value
    trace: TracebackType | None = fault.exc_traceback
    if error is None or issubclass(fault.exc_type, SystemExit):
        return
    name = fault.thread.name if fault.thread is not None else "?"
    logging.getLogger(__name__).error("fault in thread %s", name, exc_info=(fault.exc_type, error, trace))
