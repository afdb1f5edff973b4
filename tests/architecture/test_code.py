"""The shape of the code: its size, its names, and what it never does."""

import ast
import re

from tests.support import sources

LONGEST_FUNCTION = 60
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc", "handler", "handlers"}
PRIVATE = re.compile(
    "|".join(
        [
            r"(?<![\w.])/work" + "/",  # paths of the machine it was written on
            r"(?<![\w.])/root" + "/",
            r"(?<![\w.])/tmp" + "/",
            r"\bissue" + r" #?\d",
            "pypi" + r"\.org",  # where packages come from is the installer's choice
            "pythonhosted" + r"\.org",
        ]
    ),
    re.IGNORECASE,
)
ALL = sources.modules(*sources.ROOMS)


def test_modules_are_short() -> None:
    long = [
        f"{module}: {module.lines} lines"
        for module in ALL
        if module.lines > (600 if module.name[:6] == "tests." else 400)
    ]
    assert not long


def test_functions_fit_a_screen() -> None:
    long = [
        f"{module}: {node.name} has {length} lines"
        for module in ALL
        for node in module.nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long


def test_modules_are_named_for_what_they_do() -> None:
    assert not [str(module) for module in ALL if VAGUE & set(module.name.split("."))]


def test_errors_are_caught_by_name() -> None:
    blind = [
        f"{module}:{node.lineno}"
        for module in ALL
        for node in module.nodes()
        if isinstance(node, ast.ExceptHandler) and _is_blind(node)
    ]
    assert not blind


def _is_blind(handler: ast.ExceptHandler) -> bool:
    """Whether it catches every error; to raise the same again, or to hand it to another thread, is not to catch."""
    if handler.type is None:
        return True
    caught = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    last = handler.body[-1]
    raises_again = isinstance(last, ast.Raise) and last.exc is None
    hands_on = isinstance(last, ast.Expr) and ast.unparse(last).endswith(f".put({handler.name})")
    return "Exception" in caught or ("BaseException" in caught and not raises_again and not hands_on)


def test_nothing_is_mocked() -> None:
    replaced = [
        f"{module}:{node.lineno}: monkeypatch.{node.attr}"
        for module in sources.modules("tests")
        for node in module.nodes()
        if isinstance(node, ast.Attribute)
        and node.attr in {"setattr", "delattr", "setitem", "delitem"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "monkeypatch"
    ]
    mocks = [str(module) for module in ALL for node in module.nodes() if "unittest.mock" in _imported(node)]
    assert not replaced + mocks


def _imported(node: ast.AST) -> set[str]:
    """The modules and members that a statement imports, by their full names."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def test_no_file_tells_where_it_was_written() -> None:
    told = [
        f"{path.relative_to(sources.ROOT)}:{number}: {found.group()}"
        for path in sources.files()
        if path.suffix != ".csv"
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if (found := PRIVATE.search(line))
    ]
    assert not told, "\n".join(told)
