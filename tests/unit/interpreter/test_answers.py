"""What can be answered to LAUD, and where a request says which column holds the texts."""

from agent.interpreter.asking import answers_to, border_question, offer, plan_line
from agent.interpreter.facts import read_facts
from agent.interpreter.requests import read_request
from tests.support.interpreter_talk import SCENES, system


def test_a_borderline_text_is_answered_by_its_classes() -> None:
    asked = border_question({"choices": ["baby care", "other 2"]}, 1, 3, "\u201cBABY 1 CARROTS\u201d")
    assert answers_to(f"Some texts lie between.\n{asked}") == ("baby care", "other 2", "cannot say", "enough")


def test_a_plan_is_taken_or_left_and_offers_are_said() -> None:
    plan = plan_line({"labels": 20, "oracle": "human"})
    assert answers_to(f"It takes a while.\n{plan}\nSay yes to start.") == ("yes", "no")
    assert answers_to("Done.\n" + offer("status", "run 3 more rounds")) == ("status", "run 3 more rounds")
    assert answers_to("60 texts wait for your label.") == ()


def test_the_column_of_the_texts_is_taken_out_of_a_request() -> None:
    facts = read_facts(system(SCENES["ran"]))
    plain = read_request('find the complaints in "a b.csv"', facts)
    for said in (
        'find the complaints in "a b.csv", text column "the title"',
        'find the complaints in "a b.csv", the text column is "the title"',
    ):
        found = read_request(said, facts)
        assert found.kind == "find"
        assert found.said == {**plain.said, "text_column": "the title"}
    assert read_request("load a.csv, text column title", facts).said["text_column"] == "title"
    assert "text_column" not in read_request("what is the text column of a.csv", facts).said
