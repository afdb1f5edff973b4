"""The project's own source files, as the architecture tests look at them."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("tools", "agent", "ui", "evals")
ROOMS = (*CODE, "tests")
APART = "evals.loop.peers"
"""Code that runs in an environment of its own, with other libraries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A Python file of this project."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """The name it is imported by."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        """How long it is."""
        return len(self.path.read_text(encoding="utf-8").splitlines())

    def nodes(self) -> Iterator[ast.AST]:
        """All of its syntax tree."""
        return ast.walk(_parsed(self.path))

    def libraries(self) -> set[str]:
        """Top-level names of what it imports, anywhere in it, that are neither the project's nor Python's own."""
        names: set[str] = set()
        for node in self.nodes():
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
        return names - sys.stdlib_module_names - set(ROOMS)


def modules(*folders: str) -> list[Module]:
    """The modules in these folders of the checkout and below, in order."""
    return [Module(path=path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def files() -> list[Path]:
    """All files of the checkout that are written by hand."""
    tops = [path for path in ROOT.iterdir() if path.is_file() or path.name in {*ROOMS, "docs", ".ci"}]
    below = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    return sorted(path for path in below if path.is_file() and "__pycache__" not in path.parts)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
