"""Tests how the source depends on itself, read from its syntax trees."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bench", "cli", "learning", "models", "retrieval", "schema")
# What each part may import; imports go one way.
ALLOWED: dict[str, set[str]] = {
    "schema": set(),
    "models": {"schema"},
    "retrieval": {"models", "schema"},
    "learning": {"models", "schema"},
    "maintenance": {"learning", "retrieval", "schema"},  # checks and repairs both halves
    "team_figures": {"learning", "retrieval", "schema"},  # counts the rows of both halves
    "bench": {"learning", "models", "retrieval", "schema"},
    "cli": {"bench", "learning", "maintenance", "models", "retrieval", "schema", "team_figures"},
    "__main__": {"cli"},
    "aqe": {"learning", "maintenance", "models", "retrieval", "schema", "team_figures"},  # facade
}
FACADE = ROOT / "src" / "aqe"
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for part in PARTS
    for file in sorted((ROOT / part).rglob("*.py"))
} | {"aqe" if file.stem == "__init__" else file.stem: file for file in sorted(FACADE.glob("*.py"))}
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in FILES.items()}
PACKAGES = sorted({name for name, file in FILES.items() if file.name == "__init__.py"})
MAX_LINES = 400
MAX_FACE_LINES = {"retrieval.bank": 600, "learning.engine": 600}  # the public face of each half


def imports_of(name: str) -> Iterator[tuple[str, str | None, bool]]:
    """Yields what a module imports of ours: module, name in it, and whether only for types."""
    typing_only = {
        id(inner)
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    package = "" if name == "aqe" else name if name in PACKAGES else name.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        for_types = id(node) in typing_only
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("aqe."):
                    yield alias.name.removeprefix("aqe."), None, for_types
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                folders = [folder for folder in package.split(".") if folder]
                above = folders[: len(folders) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            elif not base.startswith("aqe."):
                continue
            base = base.removeprefix("aqe.")
            for alias in node.names:
                inner = f"{base}.{alias.name}".strip(".")
                yield (inner, None, for_types) if inner in FILES else (base, alias.name, for_types)


def module_named(name: str) -> ModuleType:
    return importlib.import_module("aqe" if name == "aqe" else f"aqe.{name}")


@pytest.mark.parametrize("name", FILES)
def test_imports_go_one_way(name: str) -> None:
    part = name.split(".")[0]
    for module, _, _ in imports_of(name):
        other = module.split(".")[0]
        assert other == part or other in ALLOWED[part], f"{name} imports {module}"


def test_the_facade_imports_a_part_only_for_types_or_on_use() -> None:
    assert all(for_types for _, _, for_types in imports_of("aqe"))


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
    module = module_named(package)
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
    module = module_named(name)
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), f"{name}.__all__ names {public}"
        assert not public.startswith("_") or public == "__version__"


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_too_long(name: str) -> None:
    lines = FILES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_FACE_LINES.get(name, MAX_LINES), (
        f"{name} has {lines} lines; split it by concept"
    )


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


@pytest.mark.parametrize("name", [name for name in FILES if name.split(".")[0] == "cli"])
def test_no_sql_in_the_command_line(name: str) -> None:
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("execute", "executemany", "pragma"), f"{name}: {node.attr}"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            assert "apsw" not in {str(module).split(".")[0] for module in modules}, name


# Beside module constants, loops over fixed names and variables that hold only fixed texts.
SQL_BUILDERS = {
    "conditions.sql('and')",  # joins fixed texts
    "conditions.sql('where')",
    "int(dimension)",  # DDL takes no parameters
    "condition",  # retrieval/storage/sqlite/pattern_table.py: its callers give fixed texts
    "self._conditions.sql('where')",
    "PATTERN_COLUMNS",  # retrieval/storage/sqlite/pattern_table.py: fixed lists of columns
    "STORED_COLUMNS",
    "driver.sql",  # retrieval/storage/sqlite/filter_plan.py: a part of a filter, made of the above
    "part.sql",
}
# Read whatever tables a file has: names, their quotes doubled, cannot be parameters.
NAMES_TABLES = {"schema.database.files.salvage", "schema.database.stored_secrets"}


@pytest.mark.parametrize(
    "name", [one for one in FILES if one.split(".")[0] != "bench" and one not in NAMES_TABLES]
)
def test_no_value_is_formatted_into_sql(name: str) -> None:
    known = _fixed_names(TREES[name])
    for node in ast.walk(TREES[name]):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in ("execute", "executemany") and node.args:
            for one in ast.walk(node.args[0]):
                if isinstance(one, ast.FormattedValue):
                    text = ast.unparse(one.value)
                    assert _is_fixed(one.value, known), f"{name}: {{{text}}} in SQL"


def _fixed_names(tree: ast.Module) -> set[str]:
    """Module constants, loop variables over literal tuples, variables given only fixed texts."""
    constants: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            constants.add(node.target.id)
        elif isinstance(node, ast.Assign):
            constants |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    given: dict[str, list[ast.expr]] = {}
    for one in ast.walk(tree):
        if isinstance(one, (ast.For, ast.comprehension)) and isinstance(one.iter, ast.Tuple):
            constants |= {one.target.id} if isinstance(one.target, ast.Name) else set()
        elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            given.setdefault(one.targets[0].id, []).append(one.value)
        elif isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            given.setdefault(one.target.id, []).append(one.value)
    fixed = {name for name, values in given.items() if all(_is_fixed(v, constants) for v in values)}
    return constants | fixed


def _is_fixed(value: ast.expr, known: set[str]) -> bool:
    """Returns whether an expression can only be one of the texts of the source."""
    if ast.unparse(value) in SQL_BUILDERS:
        return True
    match value:
        case ast.Constant(value=str()):
            return True
        case ast.Name(id=name):
            return name in known
        case ast.Subscript(value=of) | ast.FormattedValue(value=of):
            return _is_fixed(of, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_fixed(left, known) and _is_fixed(right, known)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_fixed(body, known) and _is_fixed(orelse, known)
        case ast.JoinedStr(values=parts):
            return all(_is_fixed(part, known) for part in parts)
    return False


def test_a_value_in_sql_would_be_seen() -> None:
    tree = ast.parse("COLUMNS = 'a, b'\nx = f'select {COLUMNS}'\ny = x + id\n")
    known = _fixed_names(tree)
    assert _is_fixed(ast.parse("f'{x} where a = :a'", mode="eval").body, known)
    for bad in ("f'{x} where a = {id}'", "'select ' + id", "y if z else x", "x % 3", "f(x)"):
        assert not _is_fixed(ast.parse(bad, mode="eval").body, known - {"y"}), bad
