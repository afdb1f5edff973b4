"""What a request begins with: a tool, a question about what is missing, or an answer."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from agent.interpreter import about_pools, trusting, wording
from agent.interpreter.acts import ESTIMATE, Act, known_task, planned, run_args
from agent.interpreter.asking import in_words, offer
from agent.interpreter.cues import Kind
from agent.interpreter.facts import Facts
from agent.interpreter.history import Talk
from agent.interpreter.requests import Request
from agent.interpreter.resolving import UNSURE, open_questions
from agent.interpreter.saying import ask, offers, say

Begin = Callable[[Request, Talk], Act]


def begin(request: Request, talk: Talk) -> Act:
    """The first thing to do about a request."""
    if request.kind in FIGURED and request.said.get("wrong"):
        return say(request.said["wrong"])
    if request.said.get("files"):
        return _one_file(request.said["files"])
    if request.kind in ABOUT_A_TASK:
        missing = _task_missing(request, talk)
        if missing is not None:
            return missing
    return BEGIN[request.kind](request, talk)


# --- setting up -------------------------------------------------------------------------------------------------------


def _set_up(request: Request, talk: Talk) -> Act:
    said, facts = request.said, talk.facts
    if request.kind == "find" and not said.get("wish"):
        return ask("wish")
    if request.kind == "classify" and not said.get("classes") and not said.get("themes"):
        return _ask_classes(said, talk.facts)
    if said.get("file"):
        return reading(said["file"], said.get("text_column"))
    pool = said.get("pool") or facts.current_pool
    if pool is not None:
        return propose(request, pool)
    if len(facts.pools) > 1:
        wish = said.get("wish", "")
        return say("In which pool?", offer(*(f'{_again(request, wish)} in pool "{pool}"' for pool in facts.pools)))
    return reading(facts.uploads[0]) if facts.uploads else ask("file")


def _one_file(files: Sequence[str]) -> Act:
    return say(
        "I take one file at a time: say again what you want of the first one.", offer(*map("load {}".format, files))
    )


def _ask_classes(said: Mapping[str, Any], facts: Facts) -> Act:
    if said.get("file") and facts.current is not None and facts.current.rounds + facts.current.labels:
        return ask("classes", f"To use the model there is, say: predict {wording.clean(said['file'], 100)}.")
    return ask("classes")


def _again(request: Request, wish: str) -> str:
    return f"find {wish}" if request.kind == "find" else wish


def reading(file: str, column: str | None = None) -> Act:
    """Read a file into a pool, its texts from that column where one is named."""
    named = {} if column is None else {"text_column": column}
    return Act(text=f"I am reading {wording.clean(file, 100)}.", tool="add_texts", args={"file": file, **named})


def propose(request: Request, pool: str, text: str = "") -> Act:
    """Draft the task that is asked for."""
    wish = str(request.said.get("wish") or "sort these texts")
    wish = f"find {wish}" if request.kind == "find" else wish
    classes = {"classes": request.said["classes"]} if request.said.get("classes") else {}
    return Act(text=text, tool="propose_task", args={"pool": pool, "request": wish, **classes})


def _add(request: Request, talk: Talk) -> Act:
    file = request.said.get("file") or next(iter(talk.facts.uploads), None)
    return reading(file, request.said.get("text_column")) if file else ask("file")


def _look(request: Request, talk: Talk) -> Act:
    said, facts = request.said, talk.facts
    if said.get("file"):
        return reading(said["file"], said.get("text_column"))
    if request.kind == "similar" and not (said.get("query") or said.get("words")):
        return ask("query")
    if not facts.pools:
        return reading(facts.uploads[0]) if facts.uploads else ask("file", wording.NO_POOL)
    return look(request, said.get("pool"))


def look(request: Request, pool: str | None) -> Act:
    """Look at a pool as asked."""
    keys = ("limit", "query", "words") if request.kind == "similar" else ("limit",)
    found = {key: request.said[key] for key in keys if key in request.said}
    named = {} if pool is None else {"pool": pool}
    return Act(tool="inspect_pool", args={**named, "show": request.kind, **found})


def _define(request: Request, talk: Talk) -> Act:
    said, task = request.said, known_task(request.said, talk.facts)
    chosen = str(said.get("cls", "")).casefold()
    if chosen not in [one.casefold() for one in task.classes]:
        return ask("cls", f"The classes of task {wording.name(task.name)} are {wording.names(task.classes)}.")
    if not said.keys() & {"definition", "add", "leave_out"}:
        return ask("definition", f"About class {wording.name(chosen)}:")
    classes = [
        {
            "name": one["name"],
            "definition": _defined(one.get("definition", ""), said if one["name"].casefold() == chosen else {}),
            "examples": list(one.get("examples", [])),
        }
        for one in task.guideline
    ]
    return Act(tool="set_task", args={"name": task.name, "classes": classes})


def _defined(before: str, said: Mapping[str, Any]) -> str:
    """A definition as it becomes: replaced, made longer, or with something left out."""
    if said.get("add"):
        return f"{before.rstrip('. ')}, {said['add']}".lstrip(", ")
    if said.get("leave_out"):
        return f"{before.rstrip('. ')}. Not {said['leave_out']}".lstrip(". ")
    return str(said.get("definition", before))


def _guideline(request: Request, talk: Talk) -> Act:
    """The task as the facts have it."""
    task = known_task(request.said, talk.facts)
    return say(about_pools.guideline(task), offers(talk.facts))


def _settings(request: Request, talk: Talk) -> Act:
    said = request.said
    task = known_task(said, talk.facts)
    stop = [*said.get("until", ()), *(f"{key}={said[key]}" for key in ("labels", "rounds") if key in said)]
    kept = {key: said[key] for key in ("oracle", "budget") if key in said}
    if not stop and not kept:
        return _estimate(request, talk)
    return Act(tool="set_task", args={"name": task.name, **kept, **({"stop": stop} if stop else {})})


def _answer(request: Request, talk: Talk) -> Act:
    """The next borderline text, or what was answered to all of them."""
    found = open_questions(talk)
    if found is None:
        return say(wording.NOTHING_ASKED, offers(talk.facts))
    number = request.said["number"]
    if number < len(found.questions):
        return say(about_pools.border(found.questions[number], number + 1, len(found.questions)))
    answers = {
        str(question["id"]): found.answers[place]
        for place, question in enumerate(found.questions, start=1)
        if found.answers.get(place, UNSURE) != UNSURE
    }
    named = {"task": found.task} if found.task else {}
    if answers:
        return Act(tool="answer_questions", args={**named, "answers": answers})
    return _estimate(Request(kind="estimate", said=named), talk)


# --- running ----------------------------------------------------------------------------------------------------------


def _estimate(request: Request, talk: Talk) -> Act:
    return estimate(request.said, talk.facts)


def estimate(said: Mapping[str, Any], facts: Facts) -> Act:
    """Ask what a run by these figures would take."""
    return Act(tool="estimate", args=run_args(planned(said, facts), facts, takes=ESTIMATE))


def _run(request: Request, talk: Talk) -> Act:
    said, facts = request.said, talk.facts
    if "run_rounds" in facts.jobs:
        return say("A run is under way; it goes on by itself.", offer("status", "stop"))
    oracle = said.get("oracle") or known_task(said, facts).oracle
    if oracle == "replay:" and len(facts.columns) != 1:
        return ask("column", f"The columns are {wording.names(facts.columns)}." if facts.columns else "")
    if oracle == "replay:":
        oracle = f"replay:{facts.columns[0]}"
    if oracle is None:
        return _ask_who(said, facts)
    args = run_args({**said, "oracle": oracle}, facts)
    return Act(text=_run_words(args), tool="run_rounds", args=args)


def _run_words(args: Mapping[str, Any]) -> str:
    if args["oracle"] == "human":
        return "I choose the texts to label."
    if any("llm" in str(args.get(who)) for who in ("oracle", "gold_oracle")):
        return "A language model is asked, so approve it first; you can go on talking while it works."
    return "I begin; you can go on talking meanwhile."


def _ask_who(said: Mapping[str, Any], facts: Facts) -> Act:
    who = ["human", *(["llm"] if facts.llm else []), "zero-shot"]
    asked = {key: value for key, value in said.items() if key != "task"} or {"labels": 30}
    begins = "" if asked.keys() & {"labels", "rounds"} else "run, "
    return say(
        "Who shall label? Zero-shot is the local guess, good to try things out with only.",
        offer(*(begins + in_words({**asked, "oracle": one}) for one in who)),
    )


def _stop(_: Request, talk: Talk) -> Act:
    task = talk.facts.current
    if not talk.facts.jobs and task is not None and task.waiting:
        waiting = wording.count(task.waiting, "text waits", "texts wait")
        return say(f"Nothing is running. {waiting} for your label, as long as you like.")
    if not talk.facts.jobs:
        return say("Nothing is running.", offers(talk.facts))
    return Act(tool="stop_job", args={})


# --- looking at results, and the rest ---------------------------------------------------------------------------------


def _status(request: Request, talk: Talk) -> Act:
    facts = talk.facts
    if facts.current is not None or request.said.get("task"):
        return _show(request, talk)
    if facts.tasks:
        return say(
            f"The tasks are {wording.names(facts.tasks)}.", offer(*(f'status of task "{task}"' for task in facts.tasks))
        )
    pools = [f"Pool {wording.name(pool)}: {wording.count(known.texts, 'text')}." for pool, known in facts.pools.items()]
    running = f"At work: {wording.names(facts.jobs)}." if facts.jobs else ""
    return say(*pools, running, wording.NO_TASK if pools else wording.NO_POOL, offers(facts))


def _show(request: Request, talk: Talk) -> Act:
    said, task = request.said, known_task(request.said, talk.facts)
    compare = said.get("compare", []) if request.kind == "rounds" else []
    if len(compare) == 1:
        compare = [*compare, task.rounds]
        if compare[0] == compare[1]:
            return ask("compare")
    wanted = said.get("cls") or (task.positive if request.kind == "predictions" else None)
    return Act(
        tool="show_results",
        args={
            **{key: said[key] for key in ("task", "limit") if key in said},
            "show": request.kind,
            **({"cls": wanted} if wanted and request.kind in OF_A_CLASS else {}),
            **({"compare": compare} if compare else {}),
        },
    )


def _undo(request: Request, _: Talk) -> Act:
    return Act(tool="undo", args={key: request.said[key] for key in ("task", "count") if key in request.said})


def _export(request: Request, _: Talk) -> Act:
    return Act(tool="export", args={key: request.said[key] for key in ("task", "format", "out") if key in request.said})


def _predict(request: Request, _: Talk) -> Act:
    said = request.said
    if not said.get("file"):
        return ask("new_file")
    args = {key: said[key] for key in ("task", "file", "out") if key in said}
    return Act(text=f"I go through {wording.clean(said['file'], 100)}.", tool="predict", args=args)


def _delete(request: Request, talk: Talk) -> Act:
    return Act(tool="delete_task", args={"task": known_task(request.said, talk.facts).name})


def _task_missing(request: Request, talk: Talk) -> Act | None:
    """What to say where no task is named and none is clear; None where one is."""
    facts = talk.facts
    if request.said.get("task") or facts.current is not None:
        return None
    if not facts.tasks:
        return say(wording.NO_TASK if facts.pools else f"{wording.NO_POOL} {wording.NO_TASK}", offers(facts))
    words = WORDS.get(request.kind, request.kind)
    return say(
        f"Which task is meant? There are {wording.names(facts.tasks)}.",
        offer(*(f'{words}, task "{task}"' for task in facts.tasks)),
    )


OF_A_CLASS = frozenset({"confused", "suspicious", "doubts", "hard", "predictions"})
"""What can be shown of one class only."""
WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        "define": "define a class",
        "guideline": "show the guideline",
        "settings": "set the budget",
        "estimate": "what would it cost",
        "run": "run",
        "scores": "how good is it",
        "rounds": "show the rounds",
        "confused": "what is it confused about",
        "suspicious": "suspicious labels",
        "hard": "hard texts",
        "why": "why did you pick these",
        "predictions": "predictions",
        "oracles": "how good is the oracle",
        "people": "how do people agree",
        "benefit": "is the llm worth it",
        "doubts": "doubtful labels",
        "edits": "propose edits of the guideline",
        "check": "check the oracle",
        "accept": "accept all edits",
        "again": "label the doubtful ones again",
        "undo": "undo",
        "export": "export",
        "predict": "predict",
        "delete": "delete the task",
    }
)
"""A request of each kind, in words."""
ABOUT_A_TASK = frozenset(WORDS)
FIGURED = frozenset({"run", "estimate", "settings", "check"})
"""Requests that figures of a run belong to."""


def _fixed(text: str, *, offering: bool = True) -> Begin:
    return lambda _, talk: say(text, offers(talk.facts) if offering else "")


def _no(_: Request, talk: Talk) -> Act:
    return say("Fine, nothing is done.", offers(talk.facts))


BEGIN: Mapping[Kind, Begin] = MappingProxyType(
    {
        "find": _set_up,
        "classify": _set_up,
        "add": _add,
        "overview": _look,
        "themes": _look,
        "texts": _look,
        "similar": _look,
        "define": _define,
        "guideline": _guideline,
        "settings": _settings,
        "answer": _answer,
        "estimate": _estimate,
        "run": _run,
        "stop": _stop,
        "status": _status,
        "scores": _show,
        "rounds": _show,
        "confused": _show,
        "suspicious": _show,
        "hard": _show,
        "why": _show,
        "predictions": _show,
        "oracles": _show,
        "people": _show,
        "benefit": _show,
        "doubts": _show,
        "edits": _show,
        "check": trusting.check,
        "accept": trusting.accept,
        "again": trusting.again,
        "undo": _undo,
        "export": _export,
        "predict": _predict,
        "delete": _delete,
        "no": _no,
        "help": _fixed(wording.HELP, offering=False),
        "identity": _fixed(wording.IDENTITY, offering=False),
        "model": _fixed(wording.SET_A_MODEL, offering=False),
        "hello": _fixed(wording.HELLO),
        "thanks": _fixed(wording.THANKS, offering=False),
        "bye": _fixed(wording.BYE, offering=False),
        "foreign": _fixed(wording.ENGLISH_ONLY),
        "yes": _fixed(wording.NOTHING_ASKED),
        "unclear": _fixed(wording.UNCLEAR),
    }
)
"""How each kind of request begins."""
