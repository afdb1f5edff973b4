"""The documented requests are those that are understood."""

import re

import pytest

from agent.interpreter.cues import Kind
from agent.interpreter.facts import read_facts
from agent.interpreter.requests import read_request
from agent.interpreter.wording import HELP
from tests.support.interpreter_talk import SCENES, system
from tests.support.sources import ROOT

PAGE = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")
ROWS: list[tuple[str, str]] = re.findall(r"^\| (`.+?) \| (.+) \|$", PAGE, re.MULTILINE)
EXAMPLES = [example for said, _ in ROWS for example in re.findall(r"`([^`]+)`", said)]
NOT_BY_THEMSELVES: set[Kind] = {"unclear", "help", "yes", "no"}


def test_the_page_has_its_tables() -> None:
    assert len(ROWS) > 25
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_documented_request_is_understood(example: str) -> None:
    assert read_request(example, read_facts(system(SCENES["ran"]))).kind not in NOT_BY_THEMSELVES


@pytest.mark.parametrize(
    "example", [one.strip() for line in HELP.splitlines()[1:-1] for one in line.partition(":")[2].split("·")]
)
def test_what_help_names_is_understood(example: str) -> None:
    assert read_request(example, read_facts(system(SCENES["ran"]))).kind not in NOT_BY_THEMSELVES
