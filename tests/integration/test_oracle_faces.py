"""The gate at the command line and at the service, and a language model that passes it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.integration.test_commands_of_a_task import Commands
from tests.support.openai_endpoint import KEY, OpenAIEndpoint
from tests.support.running_service import served
from tests.support.scripted_model import ScriptedModel, says
from tests.support.small_loop import POOL, has_figure, small_bench, small_run, small_task
from tools.checks import judged_by_people
from tools.consistency import steadiness_of
from tools.estimate import estimate
from tools.gate import FRESH, PORTION, SAMPLE, sample_left
from tools.labeling import spent_on
from tools.plan import RunPlan
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

LLM = "llm:gpt-4o-mini"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faces")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[OpenAIEndpoint]:
    """A language model that takes every tenth line with a figure for words."""
    with OpenAIEndpoint(lambda text: "figures" if has_figure(text) and len(text) % 10 else "words") as opened:
        yield opened


@pytest.fixture(scope="module")
def laud(folder: Path, endpoint: OpenAIEndpoint) -> Commands:
    """A workspace in which a language model was checked by a replayed person and asked again; a task not begun."""
    with small_bench(
        folder, attended=False, llm_base_url=endpoint.url, llm_api_key=SecretStr(KEY), oracle_repeats=0.5
    ) as bench:
        task = small_task(bench, "done")
        small_run(bench, task, oracle=LLM, gate="replay:figures", gold_oracle="replay:figures", labels=90, budget=5.0)
        small_task(bench, "fresh")
    return Commands(workspace=folder / "workspace")


def base(bench: Workbench) -> int:
    """Texts of a first sample."""
    return min(SAMPLE, bench.pools.get(POOL).texts // 3)


def opened(folder: Path, **settings: Any) -> AbstractContextManager[Workbench]:
    """The workspace again."""
    return open_workbench(Settings(workspace=folder / "workspace", **settings), attended=False)


@pytest.mark.usefixtures("laud")
def test_a_language_model_passes_the_gate_is_calibrated_and_asked_again(folder: Path) -> None:
    with opened(folder) as bench:
        task = bench.tasks.get("done")
        assert len(judged_by_people(bench, task)) >= PORTION
        sample = [one for one in bench.opinions.of("done", purpose="check") if one.source == LLM and one.cost]
        assert base(bench) <= len(sample) <= base(bench) + 2 * FRESH
        repeats = bench.opinions.of("done", purpose="repeat")
        assert {one.variant for one in repeats} >= {"order", "paraphrase"}
        found = steadiness_of(bench, task, LLM)
        assert found.agreement is not None
        assert found.agreement.value == 1.0
        bought = [one.answer for one in bench.labels.current("done").values() if one.answer.source == LLM]
        assert bought
        assert all(one.confidence is None or 0.5 < one.confidence < 1 for one in bought)
        assert spent_on(bench, task) > sum(one.cost for one in bought) > 0


def test_reports_say_the_same_everywhere(laud: Commands, folder: Path) -> None:
    told = laud.json("oracle", "report", "done")["oracles"]
    assert [one["oracle"] for one in told] == [LLM]
    assert told[0]["verdict"] in {"use", "above"}
    assert told[0]["checks"] >= PORTION
    assert {one["name"] for one in told[0]["classes"]} == {"figures", "words"}
    said = laud.say("oracle", "report", "done")
    assert told[0]["advice"] in said
    assert "right of" in said
    assert "asked again about" in said
    with (
        opened(folder) as bench,
        served(bench, ScriptedModel(script=lambda _: says("done"))) as client,
    ):
        got = client.get("/tasks/done/oracles")
        assert got.status_code == 200
        assert got.json() == told
        assert client.get("/tasks/done/results", params={"show": "oracles"}).json()["oracles"] == told
        assert client.get("/tasks/fresh/oracles").json() == []


def test_a_check_at_the_command_line(laud: Commands) -> None:
    assert "No oracle of this task was checked yet" in laud.say("oracle", "report", "fresh")
    told = laud.json("oracle", "check", "fresh", "--oracle", "replay:figures", "--by", "replay:figures")
    assert told["oracle"]["verdict"] is None, "an oracle is not judged by itself"
    asked = laud.json("oracle", "check", "fresh", "--oracle", "zero-shot", "--by", "replay:figures")["oracle"]
    assert asked["verdict"] in {"use", "above", "not"}
    assert 0 < asked["checks"] <= 100
    again = laud.json("oracle", "check", "fresh", "--oracle", "zero-shot", "--by", "replay:figures")["oracle"]
    assert again == asked, "nothing more is checked than is wanted"


@pytest.mark.usefixtures("laud")
def test_an_estimate_counts_the_sample(folder: Path, endpoint: OpenAIEndpoint) -> None:
    def dollars(bench: Workbench, gate: str) -> float:
        found = estimate(bench, RunPlan(task="fresh", oracle=LLM, labels=40, gold=10, gate=gate)).dollars
        assert found is not None
        return found[1]

    with opened(folder, llm_base_url=endpoint.url, llm_api_key=SecretStr(KEY)) as bench:
        assert sample_left(bench, bench.tasks.get("fresh"), LLM, "human") == base(bench)
        assert sample_left(bench, bench.tasks.get("fresh"), LLM, "skip") == 0
        assert dollars(bench, gate="human") > 1.5 * dollars(bench, gate="skip")


def test_an_estimate_knows_a_persons_part_from_the_checks(
    laud: Commands, folder: Path, endpoint: OpenAIEndpoint
) -> None:
    bench_of = opened(folder, llm_base_url=endpoint.url, llm_api_key=SecretStr(KEY))
    with bench_of as bench:
        found = estimate(bench, RunPlan(task="done", oracle=LLM, gold=16, labels=400, quality=0.99, gate="skip"))
        loose = estimate(bench, RunPlan(task="done", oracle=LLM, gold=16, labels=400, quality=0.6, gate="skip"))
    hers = benefit_of(laud, quality="0.99", labels=str(found.calls[1]))
    assert hers["by_hand"] - hers["checks"] == pytest.approx(found.by_hand[0], abs=3)
    assert found.by_hand[0] < found.by_hand[1] <= found.calls[1]
    assert loose.by_hand[0] < found.by_hand[0]
    said = laud.json(
        "estimate",
        "done",
        "--oracle",
        "human",
        "--gold",
        "16",
        "--labels",
        "400",
        "--minutes",
        "30",
        "--quality",
        "0.9",
    )["estimate"]
    assert said["minutes"] == said["minutes_by_hand"], "a person alone gives all"


def benefit_of(laud: Commands, *, quality: str, labels: str) -> dict[str, float]:
    """What the comparison of costs says of both together, and how many of these labels are the checks."""
    ways = laud.json("together", "benefit", "done", "--labels", labels, "--quality", quality)["benefit"]["ways"]
    return {"by_hand": ways[2]["by_hand"], "checks": ways[0]["by_hand"]}


def test_costs_doubts_and_edits_are_the_same_everywhere(laud: Commands, folder: Path) -> None:
    with opened(folder) as bench:
        bought = [one for one in bench.labels.current("done").values() if one.answer.source == LLM]
        texts = bench.pools.texts(POOL, [one.text_id for one in bought if one.role != "gold"])
        said = {one.text_id: one.answer.label for one in bought}
        disputed = [text.id for text in texts if said[text.id] == "figures"][:3]
    laud.say("label", "give", "done", *(f"{text}=words" for text in disputed))
    told = laud.json("together", "benefit", "done", "--labels", "500")["benefit"]
    assert [one["who"] for one in told["ways"]] == ["model", "person", "both"]
    assert told["ways"][0]["dollars"] > 0 == told["ways"][1]["dollars"]
    assert told["advice"] in laud.say("together", "benefit", "done", "--labels", "500")
    doubtful = laud.json("together", "doubts", "done", "--limit", "5")["doubts"]
    assert doubtful[0]["id"] in laud.say("together", "doubts", "done", "--limit", "5")
    edits = laud.json("guideline", "propose", "done")["edits"]
    assert {one["edit"] for one in edits} >= {"figures>words"}
    name = edits[0]["edit"]
    assert name in laud.say("guideline", "propose", "done")
    with (
        open_workbench(Settings(workspace=folder / "workspace"), write=True, attended=False) as bench,
        served(bench, ScriptedModel(script=lambda _: says("done"))) as client,
    ):
        assert client.get("/tasks/done/benefit", params={"labels": 500}).json() == told
        assert client.get("/tasks/done/doubts", params={"limit": 5}).json() == doubtful
        assert client.get("/tasks/done/guideline/edits").json() == edits
        assert client.get("/tasks/done/results", params={"show": "edits"}).json()["edits"] == edits
        assert client.get("/tasks/done/results", params={"show": "benefit"}).json()["benefit"]["oracle"] == LLM
        assert client.get("/tasks/fresh/benefit").status_code == 409
        assert client.post("/tasks/done/guideline/edits", json={"edits": ["a>b"]}).status_code == 404
        right = client.post("/tasks/done/doubts/decisions", json={"labels": {doubtful[1]["id"]: doubtful[1]["label"]}})
        assert (right.json()["stored"], right.json()["unchanged"]) == (1, 0)
        left = [one["id"] for one in client.get("/tasks/done/doubts", params={"limit": 5}).json()]
        assert doubtful[1]["id"] not in left, "what a person found right is not doubted again"
        assert doubtful[0]["id"] in left
        assert (
            client.post("/tasks/done/labels/undo", json={"count": 1}).json()["withdrawn"][0]["id"] == doubtful[1]["id"]
        )
        assert bench.labels.current("done")[doubtful[1]["id"]].answer.source == doubtful[1]["source"]
        stray = client.post("/tasks/done/doubts/decisions", json={"labels": {"nowhere": "words"}})
        assert stray.status_code == 404
        put = client.post("/tasks/done/doubts", json={"texts": [doubtful[0]["id"]]})
        assert put.json() == {"put_again": 1}
        waits = client.get("/tasks/done/waiting").json()
        assert doubtful[0]["id"] in [one["id"] for one in waits["texts"]]
        found = client.get("/tasks/done/results", params={"show": "doubts", "limit": 5}).json()["labels"]
        assert doubtful[0]["id"] not in [one["id"] for one in found], "what waits is not doubted again"
        version = bench.tasks.get("done").guideline_version
        both = client.put("/tasks/done", json={"name": "done", "edits": [name], "description": "Another one."})
        assert both.status_code == 422
        assert "leave out description and classes" in both.text, both.text
        assert client.put("/tasks/done", json={"name": "done", "edits": ["a>b"], "budget": 7.0}).status_code == 404
        assert (bench.tasks.get("done").guideline_version, bench.tasks.get("done").budget) == (version, None)
        done = client.put("/tasks/done", json={"name": "done", "edits": [name], "budget": 7.0}).json()
        assert (done["guideline_version"], done["budget"]) == (version + 1, 7.0)
        assert 0 <= done["requeued"] <= edits[0]["in_doubt"]
    assert laud.json("guideline", "propose", "done")["edits"] == [], "the new guideline was not asked by yet"
