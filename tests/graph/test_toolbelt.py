"""The tools as the chat model and the reader of the README see them, and the graph as LangGraph Studio opens it."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from langgraph.checkpoint.serde import _msgpack
from typer.core import TyperGroup

from agent.cli.main import app
from agent.toolbelt import BY_NAME, TOOLS, handlers, schemas
from tests.support import sources, tools_table
from tools.engine.errors import AskAgain

HEAVY = {"torch", "transformers", "chromadb", "sklearn"}


def test_the_table_in_the_readme_is_up_to_date() -> None:
    assert tools_table.in_readme() == tools_table.table(), "run `make format`"


def test_schemas_are_what_an_endpoint_takes() -> None:
    for tool, schema in zip(TOOLS, schemas(), strict=True):
        function = schema["function"]
        assert function["name"] == tool.name
        assert set(function["parameters"]["properties"]) == set(tool.args.model_fields)
        text = json.dumps(function)
        # References and null are what small models and their servers stumble over.
        assert "$ref" not in text
        assert '"null"' not in text
        assert function["parameters"].get("required", []) == [
            name for name, field in tool.args.model_fields.items() if field.is_required()
        ]


def test_what_is_left_out_may_be_null_or_empty() -> None:
    args = BY_NAME["inspect_pool"].parse({"pool": "", "query": None, "words": None, "limit": "5"})
    assert args.model_dump(exclude_unset=True) == {"limit": 5}


def test_a_misspelt_argument_is_noticed() -> None:
    with pytest.raises(AskAgain, match="The arguments of undo are wrong: cuont: Extra inputs are not permitted"):
        BY_NAME["undo"].parse({"cuont": 2})


def test_every_heavy_tool_has_a_handler() -> None:
    assert set(handlers()) == {"add_texts", "run_rounds", "predict"}


def test_every_tool_has_arguments_of_its_own() -> None:
    assert len({tool.args for tool in TOOLS}) == len(TOOLS)
    assert all(tool.summary.endswith(".") for tool in TOOLS)


def test_what_the_agent_can_do_the_command_line_can_do() -> None:
    groups = typer.main.get_command(app)
    for command in (command for tool in TOOLS for command in tool.cli.split(", ")):
        program, *words = command.split()
        assert program == "laud" or command == "Ctrl-C"  # which ends what a terminal waits for
        found: object = groups
        for word in words:
            assert isinstance(found, TyperGroup), command
            found = found.commands[word]


def test_what_the_tools_say_of_errors_fits_a_conversation_and_a_terminal() -> None:
    said = [
        (path, text.value)
        for path in (sources.ROOT / "tools").rglob("*.py")
        for raised in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(raised, ast.Raise)
        for text in ast.walk(raised)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]
    assert len(said) > 300
    # A workspace is chosen where the program is started.
    options = [(path, text) for path, text in said if re.search(r"`laud |--(?!workspace)[a-z]", text)]
    assert not options


def test_importing_the_graph_loads_nothing_heavy() -> None:
    program = "import json, sys, agent.graph, agent.conversation; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], cwd=sources.ROOT, capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(done.stdout))


def test_studio_opens_the_graph_that_langgraph_json_names(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = json.loads((sources.ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]["laud"]
    file, _, name = named.partition(":")
    module = importlib.import_module(".".join(Path(file).with_suffix("").parts))
    monkeypatch.setenv("LAUD_WORKSPACE", str(workspace))
    graph = getattr(module, name)()
    assert set(graph.get_graph().nodes) == {"__start__", "think", "approve", "await_labels", "tools", "__end__"}
    answered = graph.invoke({"messages": [{"role": "user", "content": "what can you do?"}]})
    assert answered["messages"][-1].text


def test_checkpoints_of_these_tests_are_read_strictly() -> None:
    assert _msgpack.STRICT_MSGPACK_ENABLED
