"""A call of the chat model made ready: the tool found, its arguments checked, names and paths filled in."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.messages import ToolCall

from agent.arguments import AddTexts, Arguments, Export, Predict, RunRounds, SetTask
from agent.model import UNREADABLE
from agent.places import SAMPLE, Places
from agent.toolbelt import BY_NAME, Tool
from tools.engine.errors import AskAgain
from tools.panel import read_panel
from tools.workbench import Workbench

A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A call that can be done as it stands."""

    id: str
    tool: Tool
    args: Arguments


def key(call: ToolCall) -> str:
    """What two calls share that ask for the same."""
    return f"{call['name']} {json.dumps(call['args'], sort_keys=True)}"


def changing(calls: Sequence[ToolCall]) -> str | None:
    """The id of the one call of an answer that may change something: the first whose arguments are in order."""
    for call in calls:
        tool = BY_NAME.get(call["name"])
        if tool is None or tool.effect == "look" or UNREADABLE in call["args"]:
            continue
        try:
            tool.parse(call["args"])
        except AskAgain:
            continue
        return call["id"]
    return None


def ready(bench: Workbench, places: Places, facts: Mapping[str, str], call: ToolCall) -> Ready:
    """The call as it will be done; raises AskAgain for one that cannot be."""
    if UNREADABLE in call["args"]:
        raise AskAgain(f"The arguments of {call['name'] or 'the call'} were no JSON object. Send them again as one.")
    tool = BY_NAME.get(call["name"])
    if tool is None:
        raise AskAgain(f"There is no tool {call['name']!r}. The tools are: {', '.join(BY_NAME)}.")
    args = _named(bench, facts, tool.parse(call["args"]))
    return Ready(id=call["id"] or "", tool=tool, args=_placed(bench, places, args))


def _named(bench: Workbench, facts: Mapping[str, str], args: A) -> A:
    """The arguments with the current pool or task where none is named."""
    held = type(args).model_fields
    if isinstance(args, SetTask) and args.pool is None and args.name in bench.tasks.names():
        return args.model_copy(update={"pool": bench.tasks.get(args.name).pool})
    if isinstance(args, AddTexts):
        return args if args.pool else args.model_copy(update={"pool": _slug(_stem(args.file))})
    for kind, names in (("task", bench.tasks.names), ("pool", bench.pools.names)):
        if kind in held and getattr(args, kind) is None:
            args = args.model_copy(update={kind: _current(kind, names(), facts)})
    if isinstance(args, RunRounds) and args.oracle is None and args.task in bench.tasks.names():
        # Named now: whoever labels is what the person is asked about, whatever the task says when the job begins.
        return args.model_copy(update={"oracle": bench.tasks.get(args.task).oracle})
    return args


def _stem(file: str) -> str:
    return file.removeprefix(SAMPLE) if file.startswith(SAMPLE) else Path(file).stem


def _slug(name: str) -> str:
    """A plain name, whatever it is made from."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "unnamed"


def _current(kind: str, names: Sequence[str], facts: Mapping[str, str]) -> str:
    if facts.get(kind) in names:
        return facts[kind]
    if len(names) == 1:
        return names[0]
    if not names:
        missing = {"pool": "Add a file of texts first (add_texts).", "task": "Propose and set one first (set_task)."}
        raise AskAgain(f"There is no {kind} yet. {missing[kind]}")
    raise AskAgain(f"Which {kind} is meant? There are: {', '.join(names)}.")


def _placed(bench: Workbench, places: Places, args: A) -> A:
    """The arguments with files and folders as they are on disk."""
    update: dict[str, Any] = {}
    if isinstance(args, AddTexts | Predict):
        update["file"] = places.source(args.file)
    if isinstance(args, Predict):
        update["out"] = str(places.target(args.out, f"{_slug(f'{args.task}-{_stem(args.file)}')}.csv"))
    if isinstance(args, Export):
        update["out"] = str(places.target(args.out, _slug(str(args.task))))
    for name in {"oracle", "gold_oracle", "gate"} & type(args).model_fields.keys():
        update[name] = _oracle(bench, places, getattr(args, name), args)
    return args.model_copy(update=update) if update else args


def _oracle(bench: Workbench, places: Places, oracle: str | None, args: Arguments) -> str | None:
    """An oracle that replays a file reads that file, so the same files are allowed as elsewhere."""
    panel = read_panel(oracle or "")
    if panel is not None:
        return panel.named(lambda part: str(_oracle(bench, places, part, args)))
    kind, _, rest = (oracle or "").partition(":")
    if kind != "replay" or places.local_files:
        return oracle
    task = getattr(args, "task", None) or getattr(args, "name", None)
    pool = getattr(args, "pool", None) or (bench.tasks.get(task).pool if task in bench.tasks.names() else None)
    columns = set(bench.pools.columns(str(pool))) if pool in bench.pools.names() else set()
    column, stated, confidence = rest.rpartition("@")
    if rest in columns or (stated and {column, confidence} <= columns):
        return oracle
    file, _, column = rest.rpartition(":")
    if not file:
        raise AskAgain(f"There is no column {rest!r} to replay. Name a column of the pool as replay:COLUMN.")
    return f"replay:{places.source(file)}:{column}"
