"""Who may import whom: the contracts of pyproject.toml, and what one file may import."""

import subprocess
import sys
from pathlib import Path

from tests.support import sources

PURE = {"numpy", "scipy", "sklearn"}
FAMILIES = (
    {"torch", "transformers", "peft"},
    {"chromadb", "httpx"},
    {"sqlalchemy", "alembic"},
    {"openai", "langchain_core", "langchain_openai", "anyio", "tenacity"},
    {"sklearn", "scipy"},
    {"pyarrow"},
    {"huggingface_hub"},
    {"ray"},
    {"py3langid"},
)
"""Heavy libraries; those of one family come together, as a client and its errors do."""


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(lint), "--no-cache"], cwd=sources.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_engine_needs_mathematics_only() -> None:
    foreign = {str(module): module.libraries() - PURE for module in sources.modules("tools/engine")}
    assert not {module: names for module, names in foreign.items() if names}


def test_an_adapter_wraps_one_heavy_library() -> None:
    for module in sources.modules("tools/adapters"):
        families = [family & module.libraries() for family in FAMILIES if family & module.libraries()]
        assert len(families) <= 1, f"{module} wraps {families}"
