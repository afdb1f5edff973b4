"""The evaluation of agents: its cases can be read, and it tells success from failure."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.interpreter import Interpreter
from evals.__main__ import main
from evals.agent.cases import Case, Expected, load_cases
from evals.agent.checking import problems
from evals.agent.driving import person
from evals.agent.running import Outcome, Starts, run_case, table
from tests.support.laud_process import sample_rows, write_csv
from tests.support.tiny_encoder import write_tiny_encoder
from tools.settings import Settings


def case(name: str, **given: object) -> Case:
    return Case.model_validate({"name": name, "story": "A person.", "model_calls": 2, "tool_calls": 1, **given})


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    """Workspaces over some lines of the sample, with an encoder that costs nothing."""
    folder = tmp_path_factory.mktemp("evals")
    sample = write_csv(folder / "receipts.csv", sample_rows(60))
    encoder = write_tiny_encoder(folder / "encoder")
    settings = Settings(workspace=folder / "none", encoder=str(encoder), precision="float32")
    return Starts(folder / "starts", settings, sample)


def test_there_are_twenty_stories_and_more_about_every_tool() -> None:
    cases = load_cases()
    assert len(cases) >= 20
    used = {tool for one in cases for tool in one.expected.calls}
    assert used >= {
        "add_texts", "inspect_pool", "propose_task", "set_task", "answer_questions", "estimate", "run_rounds",
        "show_results", "undo", "delete_task", "export", "predict",
    }  # fmt: skip


def test_a_story_is_played_and_judged(starts: Starts) -> None:
    steps = [
        {"say": "label 8 myself, 4 gold texts, light head"},
        {"label": 1},
        {"say": "undo"},
        {"say": "delete the task"},
        {"decide": "refuse", "reason": "not yet"},
    ]
    right = {
        "tasks": 1, "classes": ["baby*", "other"], "positive": "baby*", "labels": [3, 3], "sources": ["human*"],
        "rounds": [0, 0], "calls": ["undo"], "never_calls": ["export"], "answers": ["taken back"], "pending": "labels",
        "last_answer": ["not yet"], "never_said": ["language model is set"],
    }  # fmt: skip
    wrong = {
        "tasks": 2, "classes": ["a", "b"], "positive": "a", "labels": [50, 60], "sources": ["llm"], "rounds": [3, 4],
        "files": ["exports/*"], "calls": ["export"], "never_calls": ["undo"], "answers": ["nonsense"],
        "last_answer": ["nonsense"], "never_said": ["taken back"], "budget": 2.0, "stop": ["plateau"], "texts": 1,
        "guideline_version": 9, "definition": {"baby*": "nonsense"},
    }  # fmt: skip
    story = case("story", start="task", steps=steps, expected=right)
    with person(starts.copy("task", "story"), Interpreter(), story) as one:
        for step in story.steps:
            one.do(step)
        assert problems(one, story.expected) == []
        assert len(problems(one, Expected.model_validate(wrong))) == len(wrong) + 1, "one for each, and what waits"


def test_the_outcomes_are_shown_in_a_table(starts: Starts) -> None:
    right = run_case(case("right", steps=[{"say": "hello"}], expected={"tasks": 0}), Interpreter(), starts)
    wrong = run_case(case("wrong", steps=[{"say": "hello"}, {"decide": "approve"}], expected={}), Interpreter(), starts)
    assert (right.success, right.model_calls, right.tool_calls) == (True, 1, 0)
    assert wrong.problems == ("step 2: Nothing waits for an answer in this conversation.",)
    shown = table([right, wrong], "interpreter")
    assert "Success 1 of 2" in shown
    assert "| right | yes | 1 (2) | 0 (1) |" in shown
    assert "| wrong | no |" in shown


def test_what_it_took_is_measured_against_what_it_should_take() -> None:
    one = case("one", steps=[{"say": "hello"}], expected={})
    assert Outcome(case=one, problems=(), model_calls=2, tool_calls=1, seconds=0.1).efficiency == 1.0
    assert Outcome(case=one, problems=(), model_calls=4, tool_calls=2, seconds=0.1).efficiency == 0.5


def test_a_mistake_in_a_case_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(
        "name: a\nstory: b\nsteps: [{say: hi, label: 1}]\nexpected: {}\n", encoding="utf-8"
    )
    with pytest.raises(ValidationError, match="a step is one of say, answer, label, decide"):
        load_cases(tmp_path)


def test_the_program_runs_one_story_and_prints_a_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "table.md"
    assert main(["agent", "--case", "a-file-that-is-not-there", "--out", str(out)]) == 0
    assert "Success 1 of 1" in capsys.readouterr().out
    assert "| a-file-that-is-not-there | yes |" in out.read_text(encoding="utf-8")
    assert main(["agent", "--model", "endpoint"]) == 2
    assert main(["nothing"]) == 2
