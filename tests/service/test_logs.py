"""The service's log: one JSON object a line, with kinds and places of errors and none of their values."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.laud_process import ROOT

PROGRAM = """
import logging, sys, threading
from agent.service import logs

logs.set_up()
{body}
"""


def _logged(body: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-c", PROGRAM.format(body=body)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert "secret" not in done.stderr
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


FAULT = """
def work(text):
    raise KeyError(text)
"""


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            (
                'extra = {"route": "/pools", "status": 200, "x": "secret"}\n'
                'logging.getLogger("agent.service.watch").info("request", extra=extra)'
            ),
            {"event": "request", "route": "/pools", "status": 200, "level": "info"},
        ),
        (
            'logging.getLogger("agent.jobs").warning("the end of job %s waits", "j1")',
            {"event": "the end of job j1 waits"},
        ),
        ('logging.getLogger("openai").warning("secret %s", "text")', {"event": "a library's message, not shown"}),
        ('logging.getLogger("openai").info("secret")', None),
        (
            FAULT + "thread = threading.Thread(target=work, args=('secret text',), name='laud-x'); thread.start()",
            {"event": "fault in thread laud-x", "error": "KeyError", "level": "error"},
        ),
        (
            FAULT + 'try:\n    work("secret")\nexcept KeyError:\n'
            '    logging.getLogger("uvicorn.error").exception("secret in %s", "ASGI")',
            {"event": "fault", "error": "KeyError"},
        ),
    ],
    ids=["request", "own words", "foreign", "foreign detail", "thread", "server"],
)
def test_what_is_logged_and_what_is_not(body: str, wanted: dict[str, Any] | None) -> None:
    lines = _logged(body)
    if wanted is None:
        assert lines == []
        return
    (line,) = lines
    assert wanted.items() <= line.items()
    assert line["timestamp"].endswith("Z")
    if "error" in wanted:
        assert any("work" in place for place in line["at"])
