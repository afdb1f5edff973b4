"""What the chat model's tools do, the service and the command line do too: each tool, done three ways, leaves the same.

A conversation and plain requests work on pools and tasks of their own in one service, the command line in another
workspace; after each step all three hold the same.
"""

import csv
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import httpx
from langchain_core.messages import AIMessage

from agent.toolbelt import BY_NAME
from tests.support.laud_process import Laud, write_csv
from tests.support.running_service import finished, seen, served
from tests.support.scripted_model import ScriptedModel, calls, says
from tests.support.small_loop import has_figure, rows
from tests.support.tiny_encoder import write_tiny_encoder
from tools.pool import text_id
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

CHAT, HTTP, TERMINAL = "chat", "http", "terminal"
LINES = rows()[:120]
FIRST, SECOND = (row["text"] for row in LINES[:2])
CLASSES = [{"name": "figures", "definition": "has a figure"}, {"name": "words"}]
RUN = {"oracle": "replay:figures", "rounds": 1, "batch": 8, "gold": 16, "learner": "head"}
TASK_FILE = """name: terminal
pool: terminal
description: Which lines have a figure?
classes:
- {name: figures, definition: has a figure}
- name: words
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One use of a tool: its arguments, and the words that say the same in a terminal.

    None where the command has tests of its own and would only load the learning libraries once more.
    """

    args: Mapping[str, Any]
    words: str | None


def truth(text: str) -> dict[str, str]:
    """The true class of a text, by its id."""
    return {str(text_id(text)): "figures" if has_figure(text) else "words"}


def pair(text: str) -> str:
    """The same as the command line takes it."""
    return "=".join(*truth(text).items())


STEPS: Mapping[str, Step] = {
    "add_texts": Step(
        args={"file": "lines.csv", "text_column": "text"},
        words="pool add {folder}/workspace/uploads/lines.csv --name {way} --text-column text",
    ),
    "inspect_pool": Step(args={"show": "texts", "limit": 5}, words="pool show {way} --limit 5"),
    "propose_task": Step(args={"request": "find the milk"}, words=None),
    "set_task": Step(
        args={"description": "Which lines have a figure?", "classes": CLASSES}, words="task create {folder}/task.yaml"
    ),
    "answer_questions": Step(args={"answers": truth(FIRST)}, words=f"task answer {{way}} {pair(FIRST)}"),
    "estimate": Step(
        args={"oracle": "human", "labels": 40, "gold": 16},
        words="estimate {way} --oracle human --labels 40 --gold 16",
    ),
    "run_rounds": Step(
        args=RUN, words="run {way} --oracle replay:figures --rounds 1 --batch 8 --gold 16 --learner head"
    ),
    "label_texts": Step(args={"labels": truth(SECOND)}, words=f"label give {{way}} {pair(SECOND)}"),
    "show_results": Step(args={"show": "why"}, words="review why {way}"),
    "undo": Step(args={"count": 1}, words="label undo {way} --count 1"),
    "export": Step(
        args={"format": "labels", "out": "{way}"},
        words="export {way} --format labels --out {folder}/workspace/exports/{way}",
    ),
    "predict": Step(args={"file": "new.csv", "out": "{way}.csv"}, words=None),
    "delete_task": Step(args={}, words="task delete {way} --yes"),
}
"""The tools in an order in which they can be used; `stop_job`, in a terminal Ctrl-C, has tests of its own."""


def arguments(name: str, way: str) -> dict[str, Any]:
    """The arguments of a tool, with the pool and task of that way."""
    step = STEPS[name].args
    mine: dict[str, Any] = {field: way for field in ("pool", "task") if field in BY_NAME[name].args.model_fields}
    named = {"name": way} if name == "set_task" else {}
    return {**mine, **named, **{key: v.format(way=way) if isinstance(v, str) else v for key, v in step.items()}}


def script(messages: Any) -> AIMessage:
    """Calls the tool whose name the person says."""
    said = str(messages[-1].text)
    return calls(said, **arguments(said, CHAT)) if said in STEPS else says("done")


class Service:
    """The conversation and the plain requests of one service."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._talk = f"/conversations/{client.post('/conversations', json={}).json()['id']}"

    def chat(self, name: str) -> Mapping[str, Any]:
        """The receipt of a tool that the chat model calls."""
        before = len(self._receipts(self._client.get(self._talk).json()))
        self._client.post(f"{self._talk}/messages", json={"text": name})
        view = seen(self._client, self._talk, self._rests)
        if view["pending"] is not None:
            self._client.post(f"{self._talk}/replies", json={"decision": "approve"})
            view = seen(self._client, self._talk, lambda found: self._rests(found) and found["pending"] is None)
        return dict(self._receipts(view)[before])

    @staticmethod
    def _rests(view: Mapping[str, Any]) -> bool:
        return not view["busy"] and not view["jobs"] and view["messages"][-1]["role"] == "assistant"

    @staticmethod
    def _receipts(view: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [message["receipt"] for message in view["messages"] if message["receipt"] is not None]

    def ask(self, name: str) -> Mapping[str, Any]:
        """What the route of the tool answers to the same arguments; the receipt of its job where it is heavy."""
        tool, given = BY_NAME[name], arguments(name, HTTP)
        method, path = tool.api.format(pool=HTTP, task=HTTP).split()
        query = {"approve": True} if tool.effect in {"delete", "send"} else {}
        left = {key: value for key, value in given.items() if f"{{{key}}}" not in tool.api}
        if method in {"GET", "DELETE"}:
            answer = self._client.request(method, path, params={**query, **left})
        else:
            answer = self._client.request(method, path, params=query, json=left)
        assert answer.is_success, answer.text
        found: Mapping[str, Any] = answer.json()
        return dict(finished(self._client, found["id"])["receipt"]) if tool.heavy else found


def place(folder: Path, encoder: Path) -> Laud:
    """The program over a workspace with the two files among its uploads."""
    uploads = folder / "workspace" / "uploads"
    uploads.mkdir(parents=True)
    write_csv(uploads / "lines.csv", LINES)
    write_csv(uploads / "new.csv", [{"text": row["text"]} for row in LINES[:20]])
    (folder / "task.yaml").write_text(TASK_FILE, encoding="utf-8")
    return Laud(workspace=folder / "workspace", env={"LAUD_ENCODER": str(encoder), "LAUD_PRECISION": "float32"})


def test_every_tool_does_the_same_in_a_conversation_over_http_and_in_a_terminal(tmp_path: Path) -> None:
    assert {*STEPS, "stop_job"} == set(BY_NAME)
    encoder = write_tiny_encoder(tmp_path / "encoder")
    given: dict[str, Any] = {"encoder": str(encoder), "precision": "float32"}
    at, laud = place(tmp_path / "service", encoder), place(tmp_path / "terminal", encoder)
    with (
        open_workbench(Settings(workspace=at.workspace, **given), write=True, attended=False) as bench,
        served(bench, ScriptedModel(script=script)) as client,
    ):
        service = Service(client)
        for name, step in STEPS.items():
            told = service.chat(name)
            assert "error" not in told, (name, told)
            assert set(told) == set(service.ask(name)), name
            assert held(bench, CHAT) == held(bench, HTTP), name
            if step.words is not None:
                words = step.words.format(way=TERMINAL, folder=laud.workspace.parent).split()
                assert laud.here(*words, "--json").json, name
                with open_workbench(Settings(workspace=laud.workspace, **given)) as other:
                    assert held(other, TERMINAL) == held(bench, CHAT), name
        exports = at.workspace / "exports"
        predicted = [read(exports / f"{way}.csv") for way in (CHAT, HTTP)]
        assert predicted[0] == predicted[1]
        assert len(predicted[0]) == 20
        labels = [read(exports / way / "labels.csv") for way in (CHAT, HTTP)]
        assert labels[0] == labels[1] == read(laud.workspace / "exports" / TERMINAL / "labels.csv")


def held(bench: Workbench, way: str) -> dict[str, Any]:
    """What the pool and task of a way hold, times and names of their own left out."""
    if way not in bench.tasks.names():
        return {"texts": bench.pools.get(way).texts, "columns": bench.pools.columns(way)}
    task = bench.tasks.get(way)
    return {
        "texts": bench.pools.get(way).texts,
        "classes": task.classes,
        "guideline": task.guideline_version,
        "labels": [(astuple(one.answer)[:4], one.role, one.round) for one in bench.labels.history(way)],
        "gold": bench.rounds.gold(way),
        "rounds": [(one.number, one.labels, one.strategy, one.scores) for one in bench.rounds.rounds(way)],
        "models": [(one.round, one.learner, one.labels) for one in bench.rounds.models(way)],
    }


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file, without times."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: cell for name, cell in row.items() if name != "at"} for row in csv.DictReader(file)]
