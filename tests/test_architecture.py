"""How the source hangs together, read from its syntax trees."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bench", "cli", "learning", "models", "retrieval", "schema")
# What each part may import; imports go one way.
ALLOWED: dict[str, set[str]] = {
    "schema": set(),
    "models": {"schema"},
    "retrieval": {"models", "schema"},
    "learning": {"models", "schema"},
    "cli": {"bench", "learning", "models", "retrieval", "schema"},
    "bench": {"cli", "learning", "models", "retrieval", "schema"},
}
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for part in PARTS
    for file in sorted((ROOT / part).rglob("*.py"))
}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}
PACKAGES = sorted({name for name, file in FILES.items() if file.name == "__init__.py"})
MAX_LINES = 400
TO_BE_SPLIT = {"schema.learning"}


def imports_of(name: str) -> Iterator[tuple[str, str | None, bool]]:
    """Yields what a module imports of ours: module, name in it, and whether only for types."""
    typing_only = {
        id(inner)
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    package = name if name in PACKAGES else name.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        for_types = id(node) in typing_only
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("aqe."):
                    yield alias.name.removeprefix("aqe."), None, for_types
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            elif not base.startswith("aqe."):
                continue
            base = base.removeprefix("aqe.")
            for alias in node.names:
                inner = f"{base}.{alias.name}".strip(".")
                yield (inner, None, for_types) if inner in FILES else (base, alias.name, for_types)


@pytest.mark.parametrize("name", FILES)
def test_imports_go_one_way(name: str) -> None:
    part = name.split(".")[0]
    for module, _, _ in imports_of(name):
        other = module.split(".")[0]
        assert other == part or other in ALLOWED[part], f"{name} imports {module}"


def test_no_cycles_between_files() -> None:
    graph: dict[str, set[str]] = {}
    for name in FILES:
        targets = {module for module, _, for_types in imports_of(name) if not for_types}
        graph[name] = {target for target in targets if target in FILES and target != name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("name", FILES)
def test_private_names_stay_in_their_file(name: str) -> None:
    for module, imported, _ in imports_of(name):
        for part in (*module.split("."), imported or ""):
            assert not part.startswith("_") or part.startswith("__"), f"{name}: {module} {imported}"


@pytest.mark.parametrize("package", PACKAGES)
def test_all_of_a_package_is_complete(package: str) -> None:
    """``__all__`` names what the package's file imports from its own modules, all of it there."""
    module = importlib.import_module(f"aqe.{package}")
    if not [node for node in TREES[package].body if isinstance(node, ast.ImportFrom)]:
        return  # a folder of data, or one that gives nothing
    brought = {
        alias.asname or alias.name
        for node in ast.walk(TREES[package])
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    public = module.__all__
    assert len(public) == len(set(public))
    assert brought <= set(public), f"not in __all__: {sorted(brought - set(public))}"
    for name in public:
        assert hasattr(module, name), f"{package} has no {name}"


@pytest.mark.parametrize("name", FILES)
def test_names_in_all_exist(name: str) -> None:
    module = importlib.import_module(f"aqe.{name}")
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), f"{name}.__all__ names {public}"
        assert not public.startswith("_")


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_too_long(name: str) -> None:
    lines = FILES[name].read_text(encoding="utf-8").count("\n")
    if name in TO_BE_SPLIT:
        assert lines > MAX_LINES, f"{name} was split: take it out of TO_BE_SPLIT"
    else:
        assert lines <= MAX_LINES, f"{name} has {lines} lines; split it by concept"


@pytest.mark.parametrize("name", FILES)
def test_no_forbidden_modules(name: str) -> None:
    """The standard sqlite3 drops APSW's locks; pickle runs what it reads."""
    forbidden = {"sqlite3", "pickle", "cPickle", "dill", "shelve", "marshal", "cloudpickle"}
    for node in ast.walk(TREES[name]):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        assert not {module.split(".")[0] for module in modules} & forbidden, name
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert ast.unparse(node.value) == "False", name


def _formatted(node: ast.expr) -> list[ast.expr]:
    """The expressions that an f-string formats in."""
    return [one.value for one in ast.walk(node) if isinstance(one, ast.FormattedValue)]


# Beside module constants, loops over fixed names and variables that hold only fixed texts.
SQL_BUILDERS = {
    "conditions.sql('and')",  # joins fixed texts
    "conditions.sql('where')",
    "int(dimension)",  # DDL takes no parameters
    "condition",  # retrieval/storage/rows.py: its callers give fixed texts
}
# Copies whatever tables a damaged file has: names, their quotes doubled, cannot be parameters.
NAMES_TABLES = {"schema.salvage"}


@pytest.mark.parametrize(
    "name", [one for one in FILES if one.split(".")[0] != "bench" and one not in NAMES_TABLES]
)
def test_no_value_is_formatted_into_sql(name: str) -> None:
    constants = {
        target.id
        for node in TREES[name].body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    loops = {
        node.target.id
        for node in ast.walk(TREES[name])
        if isinstance(node, (ast.For, ast.comprehension))
        and isinstance(node.target, ast.Name)
        and isinstance(node.iter, ast.Tuple)
    }
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            assigned.setdefault(node.target.id, []).append(node.value)
    fixed = {
        variable
        for variable, given in assigned.items()
        if all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in given)
    }
    for node in ast.walk(TREES[name]):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in ("execute", "executemany") or not node.args:
            continue
        for value in _formatted(node.args[0]):
            text = ast.unparse(value)
            root = text.split("[")[0].split(".")[0]
            assert root in constants | loops | fixed or text in SQL_BUILDERS, (
                f"{name}: {{{text}}} in SQL"
            )
