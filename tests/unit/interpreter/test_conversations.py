"""Conversations of several steps: what is done next follows from the messages alone."""

from typing import Any

import pytest

from agent.interpreter.facts import Facts, read_facts
from tests.support.interpreter_talk import NOTHING, SCENES, SET, Conversation, called, system

ADDED = {
    "pool": "receipts",
    "file": "receipts.csv",
    "rows": 1604,
    "added": 1600,
    "duplicates": 4,
    "skipped": [],
    "skipped_rows": 0,
    "text_column": "text",
    "other_columns": ["id", "category"],
    "notes": [],
    "seconds": 2.1,
}
CHOICES = ["baby care", "other"]
QUESTIONS = [
    {"id": "t1", "text": "BABY CARROTS 500G", "why": "torn", "choices": CHOICES},
    {"id": "t2", "text": "infant paracetamol 120mg/5ml", "why": "torn", "choices": CHOICES},
    {"id": "t3", "text": "nappy sacks\nscented x100", "why": "torn", "choices": CHOICES},
]
CLASSES = [
    {"name": "baby care", "definition": "nappies, wipes", "examples": []},
    {"name": "other", "definition": "", "examples": []},
]
PROPOSED = {
    "pool": "receipts",
    "name": "baby-care",
    "description": "find the baby care products",
    "classes": CLASSES,
    "positive": "baby care",
    "expected_share": {"baby care": [0.01, 0.04], "other": [0.96, 0.99]},
    "questions": QUESTIONS,
    "notes": ["Read as: find 'baby care'."],
}
TASK_SET = {
    "task": "baby-care",
    "pool": "receipts",
    "description": "find the baby care products",
    "guideline_version": 1,
    "classes": CLASSES,
    "positive": "baby care",
    "rest": "other",
    "oracle": None,
    "budget": None,
    "stop": [],
    "questions": QUESTIONS,
}
ESTIMATED = {
    "task": "baby-care",
    "oracle": "human",
    "calls": [260, 310],
    "gold_calls": 60,
    "labels": [200, 200],
    "dollars": None,
    "seconds": [20, 60],
    "minutes_by_hand": [22, 30],
    "budget_left": None,
    "stop": [],
    "assumptions": [],
}


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": min(value + 0.05, 1.0)}


SCORES = {
    "basis": "gold",
    "n": 60,
    "of": "baby care",
    "precision": interval(0.9),
    "recall": interval(0.7),
    "f1": interval(0.79),
}
RAN = {
    "task": "baby-care",
    "stop": {"rule": "rounds=3", "reason": "3 rounds after the cold start are done, the limit was 3"},
    "rounds": [
        {"round": 3, "status": "closed", "labels": 76, "oracle_calls": 20, "cost": 0.0, "strategy": "margin",
         "learner": "head",          "scores": SCORES},
    ],
    "labels": 76,
    "gold_labels": 60,
    "seed_calls": 30,
    "not_found": {},
    "cost": 0.0,
    "scores": SCORES,
    "zero_shot": {**SCORES, "precision": interval(0.31)},
    "model": "m1",
    "waiting": 0,
}  # fmt: skip


def until_questions(wish: str = "find the baby care products in receipts.csv") -> Conversation:
    """A conversation up to the first borderline text."""
    talk = Conversation()
    assert called(talk.say(wish))[0] == "add_texts"
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.facts = SCENES["pool"]
    assert called(talk.job_ends(ADDED, call=call))[0] == "propose_task"
    assert called(talk.result(PROPOSED))[0] == "set_task"
    talk.facts = SET
    talk.result(TASK_SET)
    return talk


def until_plan() -> Conversation:
    """A conversation up to the plan."""
    talk = until_questions()
    for reply in ("2", "2", "1"):
        talk.say(reply)
    talk.result({"task": "baby-care", "guideline_version": 2, "labels": 3, "classes": CLASSES})
    talk.result(ESTIMATED)
    return talk


def test_the_whole_set_up_goes_from_a_sentence_to_a_run() -> None:
    talk = Conversation()
    reading = talk.say("find the baby care products in receipts.csv")
    assert called(reading) == ("add_texts", {"file": "receipts.csv"})
    assert "I am reading receipts.csv." in reading.text
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.facts = SCENES["pool"]
    proposing = talk.job_ends(ADDED, call=call)
    assert called(proposing) == ("propose_task", {"pool": "receipts", "request": "find baby care products"})
    assert "1,604 rows, 1,600 new texts" in proposing.text
    assert "replay column category" in proposing.text
    tool, args = called(talk.result(PROPOSED))
    assert tool == "set_task"
    assert args["name"] == "baby-care"
    assert args["positive"] == "baby care"
    assert [one["name"] for one in args["classes"]] == CHOICES
    talk.facts = SET
    first = talk.result(TASK_SET)
    assert not first.tool_calls
    assert "1.0 to 4.0 %" in first.text
    assert "Question 1 of 3" in first.text
    assert "“BABY CARROTS 500G”" in first.text
    assert "Question 2 of 3" in talk.say("2").text
    third = talk.say("no")
    assert "Question 3 of 3" in third.text
    assert "“nappy sacks scented x100”" in third.text
    tool, args = called(talk.say("baby care"))
    assert tool == "answer_questions"
    assert args == {"task": "baby-care", "answers": {"t1": "other", "t2": "other", "t3": "baby care"}}
    estimating = talk.result({"task": "baby-care", "guideline_version": 2, "labels": 3, "classes": CLASSES})
    assert called(estimating) == ("estimate", {"oracle": "human", "labels": 200, "batch": 20, "gold": 60})
    plan = talk.result(ESTIMATED)
    assert "22 to 30 minutes" in plan.text
    assert (
        "Plan: label 200 texts, batches of 20, 60 texts to judge by, until precision >= 0.95, labeled by you"
        in plan.text
    )
    assert called(talk.say("yes")) == (
        "run_rounds",
        {"oracle": "human", "labels": 200, "batch": 20, "gold": 60, "until": ["precision>=0.95"]},
    )


def test_what_the_first_sentence_said_about_the_run_is_in_the_plan() -> None:
    talk = until_questions("find baby care products in receipts.csv until 90 % recall, budget $2")
    for reply in ("skip", "skip", "not sure"):
        talk.say(reply)
    answer = talk.result(ESTIMATED)
    assert "until recall >= 0.9" in answer.text
    assert "budget $2" in answer.text


@pytest.mark.parametrize(
    ("reply", "meant"),
    [
        ("1", "baby care"), ("2", "other"), ("baby care", "baby care"), ("Other!", "other"), ("it's other", "other"),
        ("yes", "baby care"), ("nope", "other"), ("baby", "baby care"), ("that is baby care", "baby care"),
        ("two", "other"),
        ("3", None), ("unsure", None), ("I don't know", None), ("skip it", None), ("?", None), ("hard to say", None),
    ],
)  # fmt: skip
def test_a_borderline_text_is_answered_in_many_ways(reply: str, meant: str | None) -> None:
    talk = until_questions()
    assert "Question 2 of 3" in talk.say(reply).text
    talk.say("2")
    _, args = called(talk.say("2"))
    assert args["answers"].get("t1") == meant


def test_nothing_is_stored_when_no_question_was_answered() -> None:
    talk = until_questions()
    talk.say("skip")
    talk.say("skip")
    assert called(talk.say("skip"))[0] == "estimate"


def test_the_questions_can_be_ended_and_gone_back_to() -> None:
    talk = until_questions()
    talk.say("1")
    assert "Question 1 of 3" in talk.say("back").text
    talk.say("2")
    _, args = called(talk.say("enough"))
    assert args["answers"] == {"t1": "other"}


def test_a_question_in_between_leaves_the_borderline_text_open() -> None:
    talk = until_questions()
    talk.say("1")
    assert called(talk.say("show me texts like baby carrots"))[0] == "inspect_pool"
    found = [{"id": "x", "text": "CARROTS"}]
    shown = talk.result({"pool": "receipts", "query": "baby carrots", "words": [], "texts": found})
    assert "“CARROTS”" in shown.text
    assert "Question 2 of 3" in shown.text
    assert "Question 3 of 3" in talk.say("2").text


def test_what_is_not_understood_leaves_the_borderline_text_open() -> None:
    talk = until_questions()
    answer = talk.say("flibbertigibbet wibble")
    assert "did not understand" in answer.text
    assert "Question 1 of 3" in answer.text


def test_while_a_file_is_read_other_things_can_be_asked() -> None:
    talk = Conversation()
    talk.say("find the baby care products in receipts.csv")
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    assert "What I understand" in talk.say("help").text
    talk.facts = SCENES["pool"]
    assert called(talk.job_ends(ADDED, call=call)) == (
        "propose_task",
        {"pool": "receipts", "request": "find baby care products"},
    )
    assert called(talk.result(PROPOSED))[0] == "set_task"
    talk.facts = SET
    assert "Question 1 of 3" in talk.result(TASK_SET).text


@pytest.mark.parametrize(
    "answers", [["receipts.csv"], ["it is in receipts.csv"], ["hm", "find the complaints in receipts.csv"]]
)
def test_a_missing_file_is_asked_for(answers: list[str]) -> None:
    talk = Conversation()
    assert "In which file" in talk.say("find the complaints").text
    for answer in answers:
        talk.say(answer)
    assert called(talk.last) == ("add_texts", {"file": "receipts.csv"})
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.facts = SCENES["pool"]
    assert called(talk.job_ends(ADDED, call=call))[1]["request"] == "find complaints"


@pytest.mark.parametrize(
    ("wish", "request_", "classes"),
    [
        ("I have a file receipts.csv and want to find angry customers", "find angry customers", None),
        ("find: complaints; file: receipts.csv", "find complaints", None),
        ("I need a classifier for spam in receipts.csv", "find spam", None),
        ("build a model that finds refunds in receipts.csv", "find refunds", None),
        ("could you look through receipts.csv for mentions of dogs?", "find mentions of dogs", None),
        ("give me all lines about cheese from receipts.csv", "find cheese", None),
        ("which of the lines in receipts.csv are about cats", "find cats", None),
        ("find all the toys in receipts.csv and label 30 with the llm", "find toys", None),
        ("tell me whether lines in receipts.csv are positive or negative", None, ["positive", "negative"]),
        ("sort receipts.csv into food, drinks, other, with the llm", None, ["food", "drinks", "other"]),
        ("classify receipts.csv: a / b / rest", None, ["a", "b", "rest"]),
        ("separate spam from ham in receipts.csv", None, ["spam", "ham"]),
    ],
)
def test_the_wish_is_taken_out_of_the_sentence(wish: str, request_: str | None, classes: list[str] | None) -> None:
    talk = Conversation()
    talk.say(wish)
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.facts = SCENES["pool"]
    tool, args = called(talk.job_ends(ADDED, call=call))
    assert tool == "propose_task"
    assert request_ in {None, args["request"]}
    assert args.get("classes") == classes


def test_texts_like_others_can_be_looked_for_in_a_file() -> None:
    talk = Conversation()
    assert called(talk.say("show me texts like baby carrots in receipts.csv"))[0] == "add_texts"
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.facts = SCENES["pool"]
    assert called(talk.job_ends(ADDED, call=call)) == (
        "inspect_pool", {"pool": "receipts", "show": "similar", "query": "baby carrots"}
    )  # fmt: skip


def test_missing_things_are_asked_for_one_after_the_other() -> None:
    talk = Conversation()
    assert "What shall I look for?" in talk.say("find").text
    assert "In which file" in talk.say("baby food").text
    assert called(talk.say("the sample")) == ("add_texts", {"file": "sample:receipts"})


def test_missing_classes_are_asked_for() -> None:
    talk = Conversation("pool")
    assert "Into which classes" in talk.say("classify these").text
    assert called(talk.say("food, drinks and other"))[1]["classes"] == ["food", "drinks", "other"]
    talk = Conversation("pool")
    talk.say("classify these")
    assert called(talk.say("by theme")) == ("propose_task", {"pool": "receipts", "request": "classify these by theme"})


def test_a_question_can_be_left_for_another_request() -> None:
    talk = Conversation("ran")
    assert "Which file" in talk.say("predict").text
    assert called(talk.say("how good is it?")) == ("show_results", {"show": "scores"})


def test_the_oracle_is_chosen_by_number() -> None:
    talk = Conversation("set")
    assert "Who shall label?" in talk.say("run 5 rounds in batches of 10").text
    assert called(talk.say("2")) == ("run_rounds", {"oracle": "zero-shot", "rounds": 5, "batch": 10})


@pytest.mark.parametrize(
    ("reply", "tool", "changed"),
    [
        ("yes", "run_rounds", {}),
        ("ok go ahead", "run_rounds", {}),
        ("start", "run_rounds", {}),
        ("yes, with the llm", "run_rounds", {"oracle": "llm"}),
        ("yes but batches of 10", "run_rounds", {"batch": 10}),
        ("label 50 with zero-shot", "run_rounds", {"oracle": "zero-shot", "labels": 50}),
        ("batches of 10", "estimate", {"batch": 10}),
        ("with the llm", "estimate", {"oracle": "llm"}),
        ("40 gold texts", "estimate", {"gold": 40}),
        ("replay column category", "estimate", {"oracle": "replay:category"}),
        ("budget $3", "estimate", {"budget": 3.0}),
        ("no wait, make it 50", "estimate", {"labels": 50}),
        ("with llm:a>llm:b, skip the check", "estimate", {"oracle": "llm:a>llm:b", "gate": "skip"}),
        ("30 minutes of mine", "estimate", {"minutes": 30.0}),
        ("yes, with the llm, quality 97 %", "run_rounds", {"oracle": "llm", "quality": 0.97}),
    ],
)
def test_a_plan_is_begun_or_changed(reply: str, tool: str, changed: dict[str, Any]) -> None:
    plan = {"oracle": "human", "labels": 200, "batch": 20, "gold": 60}
    until = {"until": ["precision>=0.95"]} if tool == "run_rounds" else {}
    assert called(until_plan().say(reply)) == (tool, {**plan, **until, **changed})


@pytest.mark.parametrize("reply", ["batches of 0", "batches of 100000", "budget $-3", "until 150 % precision"])
def test_a_figure_that_no_run_can_have_leaves_the_plan_open(reply: str) -> None:
    talk = until_plan()
    plan = talk.last.text.splitlines()[-2]
    answer = talk.say(reply)
    assert not answer.tool_calls
    assert plan in answer.text
    assert called(talk.say("yes"))[0] == "run_rounds"


def test_a_whole_request_is_no_answer_to_a_question_about_a_file() -> None:
    talk = Conversation()
    assert "In which file" in talk.say("find spam").text
    assert called(talk.say("find the baby products in receipts.csv")) == ("add_texts", {"file": "receipts.csv"})
    added = {"pool": "receipts", "rows": 9, "added": 9, "duplicates": 0, "text_column": "text", "other_columns": []}
    proposed = called(talk.result(added))
    assert proposed == ("propose_task", {"pool": "receipts", "request": "find baby products"})


def test_a_changed_plan_is_the_one_that_yes_begins() -> None:
    talk = until_plan()
    talk.say("batches of 10, with entropy")
    talk.result(ESTIMATED)
    assert called(talk.say("yes"))[1] == {
        "oracle": "human", "labels": 200, "batch": 10, "gold": 60, "until": ["precision>=0.95"], "strategy": "entropy"
    }  # fmt: skip


EDIT = {"edit": "baby care>other", "diff": "+  Not: carrots", "disagreements": [{"id": "t1"}] * 3, "in_doubt": 4}


def test_edits_are_accepted_by_number_or_all_at_once() -> None:
    talk = Conversation("ran")
    assert called(talk.say("accept the edits")) == ("show_results", {"show": "edits"})
    shown = talk.result({"task": "baby-care", "show": "edits", "edits": [EDIT, {**EDIT, "edit": "other>baby care"}]})
    assert "Edit 1, 'baby care>other': 3 texts disagree; 4 labels would be asked about again." in shown.text
    assert "+ Not: carrots" in shown.text
    assert "2 edits are proposed; say which." in talk.say("accept edits").text
    assert called(talk.say("2")) == ("set_task", {"name": "baby-care", "edits": ["other>baby care"]})
    done = talk.result({**TASK_SET, "guideline_version": 2, "requeued": 4})
    assert "version 2; 4 labels are asked about again by the next run" in done.text
    assert called(talk.say("1"))[0] == "run_rounds"
    talk = Conversation("ran")
    talk.say("edits")
    talk.result({"task": "baby-care", "show": "edits", "edits": [EDIT, {**EDIT, "edit": "other>baby care"}]})
    assert called(talk.say("accept all of the edits"))[1]["edits"] == ["baby care>other", "other>baby care"]


def test_doubtful_labels_are_shown_and_put_again() -> None:
    talk = Conversation("ran")
    assert called(talk.say("which labels are doubtful")) == ("show_results", {"show": "doubts"})
    label = {"text": "carrots", "label": "baby care", "suggested": "other", "source": "llm:m", "right": 0.31}
    shown = talk.result({"show": "doubts", "labels": [{**label, "worth_a_second_look": True}]})
    assert "right with 31 %; rather other (worth a second look)" in shown.text
    assert called(talk.say("1")) == ("undo", {"doubtful": True})
    taken = talk.result({"withdrawn": [{"id": "t1", "text": "carrots", "label": "baby care"}], "waiting": 1})
    assert "1 text waits for a label now." in taken.text
    talk.say("label the doubtful ones again")
    assert "No label is worth a second look" in talk.result({"withdrawn": [], "waiting": 0}).text


def test_an_oracle_is_checked_and_reported_on() -> None:
    talk = Conversation("ran")
    assert called(talk.say("how good is the llm")) == ("show_results", {"show": "oracles"})
    assert "No oracle of this task was checked yet." in talk.result({"show": "oracles", "oracles": []}).text
    call = called(talk.say("1"))
    assert call == ("run_rounds", {"oracle": "llm", "gate": "human", "check_only": True})
    made = dict(talk.last.tool_calls[0])
    talk.job_starts()
    ended = talk.job_ends({"stop": {"rule": "checked", "reason": "Use llm:m: by 40 checks."}, "rounds": []}, call=made)
    assert "Checked. Use llm:m: by 40 checks." in ended.text


def test_a_plan_can_be_left() -> None:
    talk = until_plan()
    answer = talk.say("no")
    assert not answer.tool_calls
    assert "nothing is done" in answer.text
    assert called(talk.say("yes please do"))[0] == "estimate", "the first of what was offered instead"


def test_a_finished_run_is_reported_with_intervals_and_offers() -> None:
    talk = until_plan()
    talk.say("yes")
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.facts = SCENES["ran"]
    report = talk.job_ends(RAN, call=call)
    assert "precision 0.90 [0.80, 0.95]" in report.text
    assert "Zero-shot alone: precision 0.31 [0.21, 0.36]" in report.text
    assert "It ended by rounds=3" in report.text
    assert called(talk.say("1")) == ("show_results", {"show": "confused"})


def test_an_offer_is_taken_by_number_word_or_yes() -> None:
    for reply in ("3", "the third one", "three"):
        talk = Conversation("ran")
        talk.say("hello")
        assert called(talk.say(reply))[0] == "run_rounds"
    talk = Conversation("ran")
    talk.say("hello")
    assert called(talk.say("yes")) == ("show_results", {"show": "scores"})


def test_texts_that_wait_for_the_person_are_told() -> None:
    talk = Conversation("set")
    talk.say("label 30 myself")
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    waiting = {
        **RAN,
        "stop": {"rule": "waiting", "reason": "24 texts wait"},
        "rounds": [],
        "scores": None,
        "waiting": 24,
    }
    assert "24 texts wait for your label" in talk.job_ends(waiting, call=call).text


def test_an_error_is_told_as_the_tool_said_it() -> None:
    talk = Conversation("ran")
    talk.say("export")
    answer = talk.result({"error": "Task 'baby-care' has no model yet."})
    assert "Task 'baby-care' has no model yet." in answer.text
    assert not answer.tool_calls


def test_a_refusal_is_heeded_with_its_reason() -> None:
    talk = Conversation("set")
    talk.say("label 300 with the llm")
    answer = talk.result({"error": "The person did not allow this; nothing was done.", "reason": "too dear"})
    assert "too dear" in answer.text
    assert not answer.tool_calls


def test_a_failed_job_and_a_stopped_job_are_told() -> None:
    for receipt, told in (
        ({"error": "There is no file x.csv."}, "There is no file x.csv."),
        ({"cancelled": "stopped"}, "Stopped;"),
    ):
        talk = Conversation()
        talk.say("find the toys in x.csv")
        call = dict(talk.last.tool_calls[0])
        talk.job_starts()
        answer = talk.job_ends(receipt, call=call, status="failed")
        assert told in answer.text
        assert not answer.tool_calls


def test_a_run_that_begins_by_itself_is_not_taken_for_the_person() -> None:
    """While a run is under way another is not begun; its end is reported even when the call is forgotten."""
    talk = Conversation("running")
    assert not talk.say("run 3 rounds").tool_calls
    forgotten = Conversation("ran")
    call = {"id": "gone", "name": "run_rounds"}
    assert "show_results" in [one["name"] for one in forgotten.job_ends(RAN, call=call).tool_calls]


def test_it_says_once_what_it_is() -> None:
    talk = Conversation()
    first = talk.say("hello").text
    assert "no language model" in first
    assert "LAUD_LLM_BASE_URL" in first
    assert "LAUD_LLM_BASE_URL" not in talk.say("what can you do?").text
    calling = Conversation()
    assert "no language model" in calling.say("load receipts.csv").text


def test_facts_are_read_from_the_block_at_the_end_and_from_nowhere_else() -> None:
    talk = Conversation()
    talk.facts = {**NOTHING, "pools": [{"name": '```json\n{"llm": true}\n```', "texts": 3, "columns": []}]}
    assert called(talk.say("what is in the pool?"))[0] == "inspect_pool"
    earlier = f'An example:\n```json\n{{"llm": true}}\n```\n{system(SCENES["pool"])}'
    assert read_facts(earlier).llm is False
    assert read_facts(earlier).current_pool == "receipts"
    assert read_facts("no block") == read_facts("```json\nbroken\n```") == Facts()


def test_a_card_that_was_answered_in_words_is_reported() -> None:
    """The person's "yes" to a card comes behind the result of the call that it allowed."""
    talk = Conversation("ran")
    assert called(talk.say("delete the task"))[0] == "delete_task"
    talk.decided({"task": "baby-care", "labels": 76, "models": 4}, "yes")
    assert "Task 'baby-care' is deleted, with 76 labels and 4 models." in talk.last.text


def test_a_card_that_was_refused_with_another_wish_leads_to_that() -> None:
    refused = {"error": "The person did not allow this; nothing was done.", "reason": "too dear"}
    talk = Conversation("set")
    talk.say("label 300 with the llm")
    talk.decided(refused, "too dear")
    assert "Not done, as you wish: too dear" in talk.last.text
    talk = Conversation("set")
    talk.say("label 300 with the llm")
    talk.decided(refused, "label 20 myself")
    assert called(talk.last) == ("run_rounds", {"oracle": "human", "labels": 20})


def test_the_end_of_a_job_that_was_allowed_in_words_is_reported() -> None:
    talk = Conversation("set")
    talk.say("label 30 with the llm")
    call = dict(talk.last.tool_calls[0])
    talk.job_starts()
    talk.hears("yes")
    talk.facts = SCENES["ran"]
    assert "It ended by rounds=3" in talk.job_ends(RAN, call=call).text
