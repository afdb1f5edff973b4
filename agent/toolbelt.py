"""The tools of the chat model: name, arguments, what each does to the world, and where else it can be done.

The functions themselves stand in `agent/actions.py`, which is loaded when the first one is used: it brings the learning
libraries with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from langchain_core.utils.json_schema import dereference_refs
from pydantic import ValidationError

from agent import arguments
from agent.arguments import Arguments
from tools.engine.errors import AskAgain
from tools.workbench import Workbench

Effect = Literal["look", "change", "spend", "delete", "send"]
"""look: changes nothing; change: can be mended by another change; spend, delete, send: the person is asked first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. `heavy` ones run as jobs; `api` and `cli` say how the same is done without the chat model.

    `repeatable` says that doing the same call twice does no more than doing it once.
    """

    name: str
    args: type[Arguments]
    effect: Effect
    heavy: bool = False
    repeatable: bool = True
    api: str
    cli: str

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.args.__doc__ or "").partition("\n")[0].partition(". ")[0].removesuffix(".") + "."

    @property
    def schema(self) -> dict[str, Any]:
        """The tool as OpenAI's chat completions take it."""
        made = dereference_refs(self.args.model_json_schema())
        parameters = {key: _plain(made[key]) for key in ("type", "properties", "required") if key in made}
        description = " ".join((self.args.__doc__ or "").split())
        function = {"name": self.name, "description": description, "parameters": parameters}
        return {"type": "function", "function": function}

    def parse(self, args: Mapping[str, Any]) -> Arguments:
        """The checked arguments; raises AskAgain that names each mistake."""
        try:
            return self.args.model_validate(dict(args))
        except ValidationError as error:
            raise AskAgain(f"The arguments of {self.name} are wrong: {_problems(error)}.") from error

    def run(self, bench: Workbench, args: Arguments) -> dict[str, Any]:
        """Do it; returns a short receipt of JSON values. Raises LaudError."""
        from agent import actions  # noqa: PLC0415 - see the module's docstring

        return actions.ACTIONS[self.name](bench, args)


def _plain(schema: Any) -> Any:
    """A JSON schema without what only costs tokens: titles, and null as a way to leave something out."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"title"} if isinstance(schema.get("title"), str) else set()
    kept = {key: value for key, value in schema.items() if key not in dropped and (key, value) != ("default", None)}
    options = kept.pop("anyOf", None)
    if options is not None:
        rest = [option for option in options if option != {"type": "null"}]
        kept = {**rest[0], **kept} if len(rest) == 1 else {"anyOf": rest, **kept}
    return {key: _plain(value) for key, value in kept.items()}


def _problems(error: ValidationError) -> str:
    parts = []
    for problem in error.errors(include_url=False)[:5]:
        place = ".".join(str(part) for part in problem["loc"])
        parts.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}" if place else problem["msg"])
    return "; ".join(parts)


TOOLS: tuple[Tool, ...] = (
    Tool(
        name="add_texts",
        args=arguments.AddTexts,
        effect="change",
        heavy=True,
        api="POST /pools/{pool}/texts",
        cli="laud pool add",
    ),
    Tool(
        name="inspect_pool",
        args=arguments.InspectPool,
        effect="look",
        api="GET /pools/{pool}",
        cli="laud pool describe, laud pool show, laud pool search",
    ),
    Tool(
        name="propose_task",
        args=arguments.ProposeTask,
        effect="look",
        api="POST /pools/{pool}/proposals",
        cli="laud task propose",
    ),
    Tool(
        name="set_task",
        args=arguments.SetTask,
        effect="change",
        api="PUT /tasks/{task}",
        cli="laud task create, laud guideline accept",
    ),
    Tool(
        name="answer_questions",
        args=arguments.AnswerQuestions,
        effect="change",
        api="POST /tasks/{task}/answers",
        cli="laud task answer",
    ),
    Tool(
        name="estimate",
        args=arguments.Estimate,
        effect="look",
        api="POST /tasks/{task}/estimate",
        cli="laud estimate",
    ),
    Tool(
        name="run_rounds",
        args=arguments.RunRounds,
        effect="spend",
        heavy=True,
        api="POST /tasks/{task}/rounds",
        cli="laud run",
    ),
    Tool(
        name="label_texts",
        args=arguments.LabelTexts,
        effect="change",
        api="POST /tasks/{task}/labels",
        cli="laud label give, laud label prompt",
    ),
    Tool(
        name="show_results",
        args=arguments.ShowResults,
        effect="look",
        api="GET /tasks/{task}/results",
        cli="laud status, laud review",
    ),
    Tool(
        name="undo",
        args=arguments.Undo,
        effect="change",
        repeatable=False,
        api="POST /tasks/{task}/labels/undo",
        cli="laud label undo, laud together doubts",
    ),
    Tool(
        name="delete_task",
        args=arguments.DeleteTask,
        effect="delete",
        api="DELETE /tasks/{task}",
        cli="laud task delete",
    ),
    Tool(name="export", args=arguments.Export, effect="send", api="POST /tasks/{task}/exports", cli="laud export"),
    Tool(
        name="predict",
        args=arguments.Predict,
        effect="send",
        heavy=True,
        api="POST /tasks/{task}/predictions",
        cli="laud predict",
    ),
    Tool(name="stop_job", args=arguments.StopJob, effect="change", api="DELETE /jobs/{job}", cli="Ctrl-C"),
)
"""All tools, in the order in which a person meets them."""

BY_NAME: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in TOOLS})


def schemas(tools: Sequence[Tool] = TOOLS) -> list[dict[str, Any]]:
    """The tools as OpenAI's chat completions take them."""
    return [tool.schema for tool in tools]


def handlers() -> dict[str, Callable[[Workbench, Mapping[str, Any]], dict[str, Any]]]:
    """What runs the heavy tools as jobs, by name; each takes the arguments as they were stored."""
    return {tool.name: _handler(tool) for tool in TOOLS if tool.heavy}


def _handler(tool: Tool) -> Callable[[Workbench, Mapping[str, Any]], dict[str, Any]]:
    return lambda bench, args: tool.run(bench, tool.parse(args))
