"""The house keeps its order: whose the packages are, how modules open, where clocks may be read."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from gateway.settings import ROOT
from schema import schema

PACKAGES = sorted(found.parent.name for found in ROOT.glob("*/__init__.py"))
FOLDERS = (*PACKAGES, "migrations", "tests")
MODULES = sorted(
    module.relative_to(ROOT)
    for folder in FOLDERS
    for module in (ROOT / folder).rglob("*.py")
    if not {"node_modules", ".venv"} & set(module.parts)
)
OURS = [module for module in MODULES if module.parts[0] != "tests"]
TESTS = [module for module in MODULES if module.name.startswith("test_")]
MAX_LINES = 300
MACHINERY = {"binding.py", "inputs.py", "mutating.py", "scalars.py"}  # of the schema: no other
# the gateway alone reads a clock: everything below is told what time it is
TIMELESS = [module for module in OURS if module.parts[0] != "gateway"]
CLOCKS = {"now", "utcnow", "today", "clock_timestamp", "current_timestamp", "fromtimestamp"}
SQL_CLOCK = re.compile(
    r"\b(now|(clock|statement|transaction)_timestamp|timeofday)\s*\(\s*\)"
    r"|\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b(?!$)",  # alone, a time zone
    re.IGNORECASE,
)


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text())


def docstrings(module: Path) -> set[int]:
    """The docstrings of a module, by their constant's place in the tree."""
    return {
        id(node.body[0].value)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


def test_the_root_holds_the_packages_of_the_design():
    floors = {"models", "services", "loaders", "subscriptions", "resolvers", "schema"}
    assert floors | {"gateway", "jobs"} <= {*PACKAGES}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_root_package_is_ours(package):
    assert packages_distributions().get(package) is None
    assert ROOT in Path(import_module(package).__file__ or "").parents


@pytest.mark.parametrize("module", OURS, ids=str)
def test_a_module_is_not_too_long_to_read(module):
    if module.parent.name == "versions":  # a migration is as long as what it makes
        return
    assert len((ROOT / module).read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_opens_with_a_sentence(module):
    first = (ast.get_docstring(tree(module)) or "").split("\n\n")[0]
    assert first[:1].isupper() or first[:1] == "`"
    assert first.endswith((".", "!", "?", ":", "…"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_are_absolute(module):
    relative = [
        node.lineno
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


@pytest.mark.parametrize("module", [m for m in OURS if m.parts[0] == "schema"], ids=str)
def test_the_schema_declares_and_does_not_define(module):
    defined = [
        node.name
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert defined == [] or module.name in MACHINERY


def test_the_printed_schema_is_what_the_code_declares():
    assert (ROOT / "schema" / "schema.graphql").read_text() == schema.as_str().rstrip("\n") + "\n"


def clocks(module: Path) -> Iterator[str]:
    """Where a module asks what time it is."""
    told = docstrings(module)
    for node in ast.walk(tree(module)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Name(id=whose))) if (
                name in CLOCKS and whose in {"datetime", "date", "func", "sa"}
            ):
                yield f"{whose}.{name} in line {node.lineno}"
            case ast.Constant(value=str(text)) if id(node) not in told and SQL_CLOCK.search(text):
                yield f"SQL in line {node.lineno}"


@pytest.mark.parametrize("module", TIMELESS, ids=str)
def test_below_the_gateway_the_clock_is_an_argument(module):
    assert list(clocks(module)) == []


def functions(module: Path) -> dict[str, ast.AST]:
    return {
        node.name: node
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def called(node: ast.AST) -> Iterator[str]:
    """The names of what a function calls."""
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield name


# what fails a test by itself: what is not raised, and what never comes to hold
FAILS = {"raises", "eventually", "until"}


def proves(function: ast.AST, helpers: dict[str, ast.AST]) -> bool:
    """Whether it can fail a test: by an assertion, a refusal, or a helper of its module."""
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(function)) or any(
        name in FAILS or (name in helpers and proves(helpers[name], {}))
        for name in called(function)
    )


@pytest.mark.parametrize("module", TESTS, ids=str)
def test_every_test_can_fail(module):
    known = functions(module)
    tests = {name: node for name, node in known.items() if name.startswith("test_")}
    assert [name for name, node in tests.items() if not proves(node, known)] == []


@pytest.mark.parametrize("module", TESTS, ids=str)
def test_a_module_of_tests_has_some(module):
    assert "def test_" in (ROOT / module).read_text()
