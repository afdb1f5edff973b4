"""A workspace in which much has happened: a model, an oracle that was checked, texts that wait, people who disagree."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from pydantic import SecretStr

from agent.interpreter import Interpreter
from agent.page import page_of
from tests.support.chromium import answers
from tests.support.laud_process import PATIENCE, copied, prepared, sample_rows, until
from tests.support.openai_endpoint import KEY, Fault, OpenAIEndpoint
from tests.support.running_service import seen, served
from tools.desk import Reply, Seat, answer, leave, next_items
from tools.engine.records import DeskSettings
from tools.plan import RunPlan
from tools.rounds import run
from tools.settings import Settings
from tools.task import create_task, make_spec
from tools.workbench import Workbench, open_workbench

TASK, NEW, BUSY = "baby-care", "pet-care", "drinks"
POOL = "receipts"
LLM = "llm:gpt-4o-mini"
GIVEN, HELD = 2, 100
"""Requests of the last job that the language model answers, and those that it takes and does not answer."""
DISAGREE = 3
"""Texts of which two people say different things."""
TALKS: Mapping[str, str] = {
    "talk": f"how good is {TASK}?",
    "labels": f"label 12 more of {TASK} myself",
    "card": f"delete the task {NEW}",
    "price": f"label 40 of {NEW} with the llm",
}
"""What is said in each conversation."""
WORK = f"label 40 of {BUSY} with the llm, gold by the llm"
"""What begins a job that does not end before the page is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the page is, the service behind it, and its conversations by name."""

    url: str
    client: httpx.Client
    talks: Mapping[str, str]


@contextmanager
def lived_in(session: Path, folder: Path) -> Iterator[Place]:
    """The page over such a workspace; `session` is the session's folder for temporary files."""
    known = {row["text"]: row["category"] == "baby care" for row in sample_rows()}
    model = OpenAIEndpoint(lambda text: "baby care" if known[text] and len(text) % 10 else "other")
    with model, _bench(copied(prepared(session), folder / "workspace"), model.url) as bench:
        _work(bench)
        with served(bench, Interpreter()) as client, page_over(str(client.base_url)) as url:
            talks = {name: say(client, text) for name, text in TALKS.items()}
            model.faults.extend([None] * GIVEN + [Fault(hold=True)] * HELD)
            try:
                yield Place(url=url, client=client, talks={**talks, "work": _begin(client)})
            finally:
                model.released.set()


@contextmanager
def page_over(service: str, **environment: str) -> Iterator[str]:
    """The page of the service at that address, as a program of its own; its address."""
    page = page_of(service, host="127.0.0.1", port=0, max_upload=1 << 20)
    with subprocess.Popen(page.command, env={**os.environ, **page.environment, **environment}) as process:
        try:
            until(lambda: answers(page.url), "the page", every=0.05)
            yield page.url
        finally:
            process.kill()  # it keeps nothing
            process.wait(PATIENCE)


@contextmanager
def _bench(workspace: Path, endpoint: str) -> Iterator[Workbench]:
    endpoint_of = {"llm_base_url": endpoint, "llm_api_key": SecretStr(KEY), "llm_model": LLM.removeprefix("llm:")}
    settings = Settings.model_validate({"workspace": workspace, "oracle_repeats": 0.5, **endpoint_of})
    with open_workbench(settings, write=True, attended=False) as bench:
        yield bench


def _work(bench: Workbench) -> None:
    """Some rounds with a language model, then texts that wait for people, two of whom disagree."""
    known = "replay:category"
    first = RunPlan(task=TASK, oracle=LLM, gate=known, gold_oracle=known, learner="head", gold=60, batch=12, labels=64)
    run(bench, first)
    run(bench, replace(first, oracle="human", gate=None, gold_oracle=None, labels=88))
    for name, wanted in ((NEW, "pet care"), (BUSY, "drinks")):
        create_task(bench, make_spec({"name": name, "pool": POOL, "classes": [wanted, "other"], "positive": wanted}))
    disagree(bench, TASK, {"ada": "baby care", "olga": "other"})


def disagree(bench: Workbench, name: str, said: Mapping[str, str]) -> None:
    """Let people say different things of some texts that wait: who, and the class that she names."""
    bench.tasks.set_desk(name, DeskSettings(overlap=2, suggestions=True))
    task = bench.tasks.get(name)
    for person, label in said.items():
        for one in next_items(bench, task, Seat(person=person, ahead=DISAGREE)).items[:DISAGREE]:
            answer(bench, task, Seat(person=person), Reply(text_id=one.id, said=label, note=f"{person} looked it up"))
        leave(bench, task, person)


def say(client: httpx.Client, text: str, *, title: str | None = None) -> str:
    """A conversation in which this was said, at rest."""
    talk = str(client.post("/conversations", json={"title": title or text}).raise_for_status().json()["id"])
    client.post(f"/conversations/{talk}/messages", json={"text": text}).raise_for_status()
    seen(client, f"/conversations/{talk}", lambda view: not view["busy"] and not view["jobs"])
    return talk


def _begin(client: httpx.Client) -> str:
    """A conversation in which a job is at work."""
    talk = say(client, WORK)
    client.post(f"/conversations/{talk}/replies", json={"decision": "approve"}).raise_for_status()
    seen(client, f"/conversations/{talk}", lambda view: any(job["status"] == "running" for job in view["jobs"]))
    return talk
