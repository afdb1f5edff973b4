"""Plays the person of a case: says, answers, labels and decides, and waits until all is quiet."""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.conversation import Conversations, Said, View
from agent.jobs import Jobs
from agent.toolbelt import handlers
from evals.agent.cases import Case, Step
from tools.demonstration import SAMPLE
from tools.labeling import label_texts, waiting
from tools.pool import text_id
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

PATIENCE = 600.0
"""Seconds that one step may take."""
MOST_QUESTIONS = 6
"""Times that the person answers questions about borderline texts in one step."""


class TookTooLong(Exception):
    """A step was not done in time."""


class Person:
    """The person of a case in a conversation of their own.

    `continued` counts the runs that went on by themselves after labeling, which no model asked for.
    """

    def __init__(self, bench: Workbench, conversations: Conversations, case: Case) -> None:
        self.bench = bench
        self.continued = 0
        self._conversations = conversations
        self._case = case
        self._id = conversations.create(case.name, "local").id
        self._categories = _categories()

    @property
    def view(self) -> View:
        """The conversation as it stands."""
        return self._conversations.view(self._id)

    def do(self, step: Step) -> None:
        """Do one thing and wait until all is quiet; raises TookTooLong."""
        if step.say is not None:
            self._say(step.say)
        elif step.answer is not None:
            self._answer(step.answer)
        elif step.label is not None:
            self._label(step.label)
        elif step.decide is not None:
            decision = {"decision": step.decide, "changes": step.changes, "reason": step.reason}
            self._conversations.resume(self._id, decision)
            self._quiet()

    def failures(self) -> list[str]:
        """What the person was told of turns that failed."""
        events = self.bench.events.read(conversation=self._id, limit=100_000)
        return [str(event.data["error"]) for event in events if event.kind == "turn.failed"]

    def _say(self, text: str) -> None:
        self._conversations.send(self._id, text)
        self._quiet()

    def _answer(self, how: str) -> None:
        """Answer what is asked about borderline texts, one message for all texts that the last answer shows."""
        for _ in range(MOST_QUESTIONS):
            asked = self._asked()
            if not asked:
                return
            if how == "unsure":
                self._say("I am not sure." if len(asked) == 1 else "I am not sure about any of them.")
            elif len(asked) == 1:
                self._say(self._class_of(str(asked[0]["text"]), [str(one) for one in asked[0]["choices"]]))
            else:
                answers = (
                    f'"{one["text"]}" is {self._class_of(str(one["text"]), list(map(str, one["choices"])))}'
                    for one in asked
                )
                self._say("; ".join(answers))

    def _asked(self) -> Sequence[Mapping[str, Any]]:
        """The borderline texts that the last answer shows."""
        messages = self.view.messages
        last = next((one.text for one in reversed(messages) if one.role == "assistant" and one.text), "")
        brought = [one.receipt["questions"] for one in messages if one.receipt and one.receipt.get("questions")]
        shown = " ".join(last.split())
        return [one for one in (brought[-1] if brought else []) if " ".join(str(one["text"]).split())[:60] in shown]

    def _label(self, batches: int) -> None:
        for _ in range(batches):
            pending = self.view.pending
            if pending is None or pending["kind"] != "labels":
                return
            task = self.bench.tasks.get(pending["task"])
            texts = waiting(self.bench, task)
            label_texts(self.bench, task, {one.id: self._class_of(one.text, list(task.class_names)) for one in texts})
            self._conversations.labeled(task.name)
            self._quiet()
            self.continued += 1

    def _class_of(self, text: str, classes: Sequence[str]) -> str:
        """The true class of a text of the sample, among these."""
        category = self._categories.get(text_id(text), "")
        for pattern, categories in self._case.truth.items():
            named = [one for one in classes if fnmatchcase(one.casefold(), pattern)]
            if named and category in categories:
                return named[0]
        taken = [one for one in classes if any(fnmatchcase(one.casefold(), pattern) for pattern in self._case.truth)]
        return next((one for one in classes if one not in taken), classes[-1])

    def _quiet(self) -> None:
        """Wait until no turn and no job is at work."""
        deadline = time.monotonic() + PATIENCE
        while self._conversations.at_work(self._id):
            if time.monotonic() > deadline:
                raise TookTooLong(f"a step took longer than {PATIENCE:.0f} s")
            self.bench.events.wait(self.bench.events.last(), timeout=0.05)


def answers(messages: Sequence[Said]) -> list[str]:
    """What the agent said, in order."""
    return [one.text for one in messages if one.role == "assistant" and one.text]


@contextmanager
def person(settings: Settings, model: "BaseChatModel", case: Case) -> Iterator[Person]:
    """The person of a case, over the workspace of the settings."""
    with open_workbench(settings, write=True, attended=False) as bench:
        jobs = Jobs(bench, handlers(), on_end=lambda job: conversations.job_ended(job))  # noqa: PLW0108 - each needs the other
        conversations = Conversations(bench, model, jobs=jobs, local_files=True)
        jobs.start()
        conversations.start()
        try:
            yield Person(bench, conversations, case)
        finally:
            jobs.close()
            conversations.close()


def _categories(source: Path = SAMPLE / "receipts.csv") -> dict[str, str]:
    with source.open(encoding="utf-8", newline="") as file:
        return {text_id(row["text"]): row["category"] for row in csv.DictReader(file)}
