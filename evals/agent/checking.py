"""What is looked at when the person of a case is done: the database, the files, the answers."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from agent.conversation import Said
from evals.agent.cases import Expected
from evals.agent.driving import Person, answers
from tools.engine.records import Task
from tools.workbench import Workbench


def problems(person: Person, expected: Expected) -> list[str]:
    """What is not as it should be, in words; empty when all is."""
    found = [f"a turn failed: {error}" for error in person.failures()]
    found += _workspace(person.bench, expected)
    task = _newest(person.bench)
    if task is None:
        wanted = [
            name for name in ("classes", "positive", "labels", "rounds", "oracle", "budget") if getattr(expected, name)
        ]
        found += [f"there is no task, so no {name}" for name in wanted]
    else:
        found += [*_guideline(task, expected), *_loop(person.bench, task, expected)]
    view = person.view
    pending = "nothing" if view.pending is None else view.pending["kind"]
    if pending != expected.pending:
        found.append(f"{pending} waits for the person, {expected.pending} should")
    return [*found, *_said(view.messages, expected)]


def _workspace(bench: Workbench, expected: Expected) -> Iterator[str]:
    for noun, names in (("pools", bench.pools.names()), ("tasks", bench.tasks.names())):
        wanted = getattr(expected, noun)
        if wanted is not None and len(names) != wanted:
            yield f"{len(names)} {noun} where {wanted} should be: {names}"
    if expected.texts is not None:
        held = [bench.pools.get(name).texts for name in bench.pools.names()]
        if held != [expected.texts]:
            yield f"the pools hold {held} texts, {expected.texts} were expected"
    for pattern in expected.files:
        if not list(bench.folder.glob(pattern)):
            yield f"there is no file {pattern}"


def _newest(bench: Workbench) -> Task | None:
    """The task that was set last."""
    tasks = [bench.tasks.get(name) for name in bench.tasks.names()]
    used = [
        event.data["receipt"].get("task") for event in bench.events.read(limit=100_000) if event.kind == "tool.finished"
    ]
    named = [task for name in reversed(used) for task in tasks if task.name == name]
    return next(iter([*named, *tasks]), None)


def _guideline(task: Task, expected: Expected) -> Iterator[str]:
    missing = [one for one in expected.classes if not any(_like(name, one) for name in task.class_names)]
    if missing or (expected.classes and len(task.classes) != len(expected.classes)):
        yield f"the classes are {list(task.class_names)}, {expected.classes} were expected"
    if expected.positive is not None and not _like(task.positive or "", expected.positive):
        yield f"the positive class is {task.positive!r}, {expected.positive!r} was expected"
    for pattern, words in expected.definition.items():
        texts = [c.definition.casefold() for c in task.classes if _like(c.name, pattern)]
        if not any(words.casefold() in text for text in texts):
            yield f"the definition of {pattern!r} does not say {words!r}: {texts}"
    if task.guideline_version < (expected.guideline_version or 0):
        yield f"the guideline is at version {task.guideline_version}"
    for name in ("oracle", "budget"):
        if getattr(expected, name) not in {None, getattr(task, name)}:
            yield f"the {name} is {getattr(task, name)!r}, {getattr(expected, name)!r} was expected"
    if not set(expected.stop) <= set(task.stop):
        yield f"the stopping rules are {list(task.stop)}, {expected.stop} were expected"


def _loop(bench: Workbench, task: Task, expected: Expected) -> Iterator[str]:
    held = [label for label in bench.labels.current(task.name).values() if label.answer.label is not None]
    if expected.labels is not None and not expected.labels[0] <= len(held) <= expected.labels[1]:
        yield f"{len(held)} labels are held, {expected.labels[0]} to {expected.labels[1]} were expected"
    sources = {label.answer.source for label in held}
    strange = [one for one in sources if not any(_like(one, pattern) for pattern in expected.sources)]
    if expected.sources and strange:
        yield f"{strange} labeled, only {expected.sources} should"
    rounds = bench.rounds.rounds(task.name)
    last = rounds[-1].number if rounds else 0
    if expected.rounds is not None and not expected.rounds[0] <= last <= expected.rounds[1]:
        yield f"{last} rounds after the cold start, {expected.rounds[0]} to {expected.rounds[1]} were expected"


def _said(messages: Sequence[Said], expected: Expected) -> Iterator[str]:
    said = answers(messages)
    for pattern in expected.answers:
        if not any(re.search(pattern, text, re.IGNORECASE) for text in said):
            yield f"no answer says {pattern!r}"
    for pattern in expected.last_answer:
        if not said or not re.search(pattern, said[-1], re.IGNORECASE):
            yield f"the last answer does not say {pattern!r}: {said[-1][:200] if said else 'nothing was said'}"
    for pattern in expected.never_said:
        if any(re.search(pattern, text, re.IGNORECASE) for text in said):
            yield f"an answer says {pattern!r}"
    called = {str(call["name"]) for one in messages for call in one.calls}
    for name in set(expected.calls) - called:
        yield f"{name} was not used"
    for name in set(expected.never_calls) & called:
        yield f"{name} was used"


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())
