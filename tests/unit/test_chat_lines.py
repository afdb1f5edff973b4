"""What a line at the prompt of `laud chat` says about a card, and what is shown of one."""

from typing import Any

import pytest

from agent.cli.chat import card_lines, decision, safe

CARD = {
    "kind": "approval",
    "call": "c1",
    "tool": "run_rounds",
    "title": "Let the language model 'm' label for 'baby-care'",
    "what": "40 to 60 texts are sent.",
    "budget_left": 1.5,
    "editable": {"labels": 40, "rounds": None, "budget": 0.25},
}


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("a", {"decision": "approve", "changes": {}}),
        ("Yes", {"decision": "approve", "changes": {}}),
        ("labels=20", {"decision": "approve", "changes": {"labels": 20}}),
        ("approve labels=20, budget=$0.5", {"decision": "approve", "changes": {"labels": 20, "budget": 0.5}}),
        ("change Labels=20", {"decision": "approve", "changes": {"labels": 20}}),
        ("labels=few", {"decision": "refuse", "reason": "labels=few"}),
        ("refuse", {"decision": "refuse", "reason": ""}),
        ("n too dear", {"decision": "refuse", "reason": "too dear"}),
        ("that is too much", {"decision": "refuse", "reason": "that is too much"}),
        ("yes but only if labels=20 suffice", {"decision": "refuse", "reason": "yes but only if labels=20 suffice"}),
    ],
)
def test_a_line_about_a_card(line: str, meant: dict[str, Any]) -> None:
    assert decision(line) == meant


def test_a_card_shows_what_it_costs_and_what_can_be_changed() -> None:
    shown = card_lines(CARD)
    assert "Let the language model 'm' label for 'baby-care'?" in shown
    assert "$1.50 of the budget is left." in shown
    assert "labels=40, budget=0.25" in shown
    assert "rounds" not in shown


def test_nothing_that_is_shown_steers_the_terminal() -> None:
    assert safe("a\x1b[31mred\x07\u202e\nb") == "a [31mred  \nb"
