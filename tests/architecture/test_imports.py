"""To import is to do nothing: no settings, no clients, no network, and nothing heavy for the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import sources

HEAVY = {"torch", "transformers", "chromadb", "sklearn", "scipy", "sqlalchemy", "openai", "pyarrow", "langchain_core"}
BUILT = {
    "tools.settings.Settings",
    "tools.workbench.Workbench",
    "tools.adapters.sql.database.Database",
    "sqlalchemy.engine.base.Engine",
    "chromadb.api.client.Client",
    "langchain_openai.chat_models.base.ChatOpenAI",
    "openai.AsyncOpenAI",
}
"""What holds settings or a connection."""
ENVIRONMENT_OF_MIGRATIONS = "tools.adapters.sql.migrations.env"
IMPORT_ALL = """
import gc, importlib, importlib.util, json, sys, threading

done = []

def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "sqlite3.connect"}:
        done.append(f"{event} {arguments[-1]}")
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        done.append(f"{event} {arguments[0]}")

sys.addaudithook(watch)
optional = {"ray", "peft"}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in optional:
            raise
gc.collect()
kinds = {f"{type(found).__module__}.{type(found).__qualname__}" for found in gc.get_objects()}
print(json.dumps({
    "done": done,
    "built": sorted(kinds & set(json.loads(sys.argv[2]))),
    "threads": [thread.name for thread in threading.enumerate()],
}))
"""


def _python(*arguments: str, cwd: Path) -> str:
    """What Python prints for these arguments, with nothing of this process's environment but the way to the code."""
    environment = {
        "PYTHONPATH": str(sources.ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(cwd),
        "PATH": os.defpath,
    }
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_every_module_does_nothing(tmp_path: Path) -> None:
    # Alembic's own entry runs the migrations by being imported.
    names = [
        module.name
        for module in sources.modules(*sources.CODE)
        if module.name != ENVIRONMENT_OF_MIGRATIONS and not module.name.startswith(sources.APART)
    ]
    seen = json.loads(_python("-c", IMPORT_ALL, json.dumps(names), json.dumps([*BUILT]), cwd=tmp_path))
    assert seen == {"done": [], "built": [], "threads": ["MainThread"]}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["pool", "--help"], []], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    program = "import atexit, json, sys; atexit.register(lambda: print(json.dumps([*sys.modules]))); "
    run = "sys.argv[0] = 'laud'; from agent.cli.main import main; main()"
    printed = _python("-c", program + run, *arguments, cwd=tmp_path)
    loaded = set(json.loads(printed.splitlines()[-1]))
    assert "Usage: laud" in printed
    assert not loaded & HEAVY


def test_the_page_imports_no_learning_library(tmp_path: Path) -> None:
    loaded = _python("-c", "import sys, ui.app; print(*sys.modules)", cwd=tmp_path)
    assert not set(loaded.split()) & {"torch", "transformers", "chromadb", "sklearn", "scipy", "sqlalchemy"}


def test_the_command_line_imports_nothing_heavy(tmp_path: Path) -> None:
    loaded = _python("-c", "import sys, agent.cli; print(*sys.modules)", cwd=tmp_path)
    assert not set(loaded.split()) & HEAVY
