"""What the agent adds to the chat model's own time, a turn: `python -m evals speed turn [TURNS]`.

A model that answers at once drives real conversations over a pool of 10,000 texts with a task and 300 labels. A turn is
timed from the message to the event that ends it; two kinds of turn are: an answer in words, and a tool between two
answers. Prints the median and the 95th percentile in milliseconds, as JSON.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult

from agent.conversation import Conversations
from agent.jobs import Jobs
from agent.toolbelt import handlers
from evals.speed.lines import store_lines
from tools.labeling import label_texts
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

TEXTS = 10_000
LABELS = 300
TURNS = 200


class InstantModel(BaseChatModel):
    """Answers at once: looks at the pool when asked to, else says something."""

    def bind_tools(self, tools: Any, **_: Any) -> "InstantModel":
        """It knows the one tool that it calls."""
        del tools
        return self

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        answer = AIMessage("There are many texts in the pool; most of them are about nothing in particular.")
        if isinstance(last, HumanMessage) and last.text == "look":
            call = ToolCall(name="inspect_pool", args={"show": "texts"}, id="1", type="tool_call")
            answer = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=answer)])


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    turns = int(arguments[0]) if arguments else TURNS
    found = {}
    for kind, message in (("words", "hello"), ("tool", "look")):
        with _conversations() as (bench, conversations):
            talk = conversations.create(kind, "somebody").id
            took = sorted(_seconds(bench, conversations, talk, message) * 1_000 for _ in range(turns))
        found[kind] = {"median_ms": round(median(took), 1), "p95_ms": round(quantiles(took, n=20)[-1], 1)}
    print(json.dumps({"turns": turns, "texts": TEXTS, "labels": LABELS, **found}))
    return 0


@contextmanager
def _conversations() -> Iterator[tuple[Workbench, Conversations]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_workbench(Settings(workspace=Path(folder)), write=True, attended=False) as bench,
    ):
        _fill(bench)
        jobs = Jobs(bench, handlers(), on_end=lambda _: None)
        conversations = Conversations(bench, InstantModel(), jobs=jobs)
        conversations.start()
        yield bench, conversations
        conversations.close()


def _fill(bench: Workbench) -> None:
    texts = store_lines(bench, "lines", TEXTS)
    task = create_task(bench, make_spec({"name": "even", "pool": "lines", "classes": ["even", "other"]}))
    label_texts(bench, task, {text.id: "even" for text in texts[:LABELS]})


def _seconds(bench: Workbench, conversations: Conversations, talk: str, message: str) -> float:
    before = bench.events.last()
    started = time.perf_counter()
    conversations.send(talk, message)
    seen = before
    while True:
        bench.events.wait(seen, timeout=1.0)
        for event in bench.events.read(after=seen):
            seen = event.offset
            if event.kind == "turn.finished":
                return time.perf_counter() - started
            if event.kind == "turn.failed":
                raise SystemExit(str(event.data["error"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
