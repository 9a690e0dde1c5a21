"""Counts the tests of Python files with ``ast``, by the rules of pytest and unittest.

A test method counts once, where it is defined, if a runner executes it there or in any class that
inherits it: a mixin's test runs in its heirs, so it is a test, and running it five times makes it
no five tests.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .counted_test import CountedTest, listed_files

__all__ = ["NameRules", "count_python_tests"]

_TESTCASES: Final = ("TestCase", "TestBase")
_NO_TEST = re.compile(r"(?:\w+\.)*(?:fixture\b|property\Z|cached_property\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """The names that a project's pytest collects.

    Attributes:
        testcases: Ends of the names of base classes from other packages that are a TestCase.
    """

    files: tuple[str, ...] = ("test_*.py", "*_test.py")
    classes: tuple[str, ...] = ("Test*",)
    functions: tuple[str, ...] = ("test*",)
    testcases: tuple[str, ...] = _TESTCASES


@dataclass(slots=True)
class _Class:
    """A class of the repository, with the classes that inherit from it."""

    path: Path
    node: ast.ClassDef
    outer: tuple[str, ...]
    bases: list[_Class] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # names of bases from other packages

    def ancestors(self) -> list[_Class]:
        found: list[_Class] = []
        pending = [self]
        while pending:
            known = pending.pop()
            if not any(known is earlier for earlier in found):
                found.append(known)
                pending.extend(known.bases)
        return found


def count_python_tests(repository: Path, rules: NameRules) -> list[CountedTest]:
    """Returns the tests in the Python files that git tracks."""
    modules = {path: tree for path in listed_files(repository, [".py"]) if (tree := _parsed(path))}
    classes = [found for path, tree in modules.items() for found in _classes(path, tree.body, ())]
    _link(modules, classes)
    tests: dict[tuple[str, int], CountedTest] = {}
    for path, tree in modules.items():
        name = str(path.relative_to(repository))
        if _fits(path.name, rules.files):
            for function in _functions(tree.body, rules.functions):
                _add(tests, name, function, "pytest")
    for heir in classes:
        style = _style(heir, rules)
        if style is None:
            continue
        prefixes = rules.functions if style == "pytest" else ("test*",)
        for member in heir.ancestors():
            name = str(member.path.relative_to(repository))
            for function in _functions(member.node.body, prefixes):
                _add(tests, name, function, style)
    return sorted(tests.values())


def _add(
    tests: dict[tuple[str, int], CountedTest],
    path: str,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    framework: str,
) -> None:
    line = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    found = CountedTest(path, line, function.name, framework)
    if tests.setdefault((path, line), found).framework != framework:
        tests[path, line] = found._replace(framework="")  # a mixin of both


def _parsed(path: Path) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return None  # another version of Python


def _fits(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, (ast.If, ast.Try, ast.TryStar, ast.With, ast.For, ast.While)):
            for part in ("body", "orelse", "finalbody"):
                yield from _flat(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from _flat(handler.body)
        else:
            yield statement


def _functions(
    body: Sequence[ast.stmt], globs: Sequence[str]
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for statement in _flat(body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            decorators = map(ast.unparse, statement.decorator_list)
            is_other = any(map(_NO_TEST.match, decorators))
            if _fits(statement.name, globs) and not is_other:
                yield statement


def _classes(path: Path, body: Sequence[ast.stmt], outer: tuple[str, ...]) -> Iterator[_Class]:
    for statement in _flat(body):
        if isinstance(statement, ast.ClassDef):
            yield _Class(path, statement, outer)
            yield from _classes(path, statement.body, (*outer, statement.name))


def _link(modules: dict[Path, ast.Module], classes: list[_Class]) -> None:
    """Finds the base classes of each class: in its file, by its imports, else outside."""
    by_place = {(found.path, (*found.outer, found.node.name)): found for found in classes}
    imports = {path: dict(_imported(path, tree)) for path, tree in modules.items()}
    files = _files_by_module(modules)
    for found in classes:
        for base in found.node.bases:
            inner = base.value if isinstance(base, ast.Subscript) else base
            dotted = ast.unparse(inner)
            local = _local(by_place, found, dotted)
            target = local or _imported_class(by_place, imports, files, found.path, dotted)
            if target is not None and target is not found:
                found.bases.append(target)
            elif target is None:
                origin = imports[found.path].get(dotted.partition(".")[0], "")
                found.outside.append(f"{origin} {dotted}")


_Places = dict[tuple[Path, tuple[str, ...]], _Class]


def _local(by_place: _Places, found: _Class, dotted: str) -> _Class | None:
    names = tuple(dotted.split("."))
    for depth in range(len(found.outer), -1, -1):
        target = by_place.get((found.path, (*found.outer[:depth], *names)))
        if target is not None:
            return target
    return None


def _imported(path: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yields each imported name with its dotted origin; relative ones start with the folder."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield alias.asname or first, alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                above = path.parents[node.level - 1].joinpath(*module.split("."))
                module = f"{above.parent.as_posix()}.{above.name}" if module else above.as_posix()
            for alias in node.names:
                yield alias.asname or alias.name, f"{module}.{alias.name}"


def _files_by_module(modules: dict[Path, ast.Module]) -> dict[str, list[Path]]:
    """Returns files by their dotted names, and by ``folder.name``, as relative imports have it."""
    found: dict[str, list[Path]] = {}
    for path in modules:
        stem = path.parent if path.name == "__init__.py" else path.with_suffix("")
        parts = stem.parts
        for start in range(max(1, len(parts) - 8), len(parts)):
            if not Path(*parts[:start], "__init__.py").exists():  # else it has a longer name
                found.setdefault(".".join(parts[start:]), []).append(path)
        parent = stem.parent.as_posix()
        found.setdefault(f"{parent}.{stem.name}", []).append(path)
    return found


def _imported_class(
    by_place: _Places,
    imports: dict[Path, dict[str, str]],
    files: dict[str, list[Path]],
    path: Path,
    dotted: str,
    depth: int = 0,
) -> _Class | None:
    first, _, rest = dotted.partition(".")
    origin = imports[path].get(first)
    if origin is None or depth > 5:
        return None
    module, _, name = f"{origin}.{rest}".strip(".").rpartition(".")
    for file in sorted(files.get(module, ()), key=lambda file: -_shared_parts(file, path)):
        target = by_place.get((file, (name,)))
        if target is None and file != path:
            target = _imported_class(by_place, imports, files, file, name, depth + 1)
        if target is not None:
            return target
    return None


def _shared_parts(left: Path, right: Path) -> int:
    return sum(a == b for a, b in zip(left.parts, right.parts, strict=False))


def _style(found: _Class, rules: NameRules) -> str | None:
    """Returns the runner that collects a class, or None."""
    family = found.ancestors()
    if _opted_out(found):
        return None
    in_pytest = _fits(found.path.name, rules.files)
    outside = [base for member in family for base in member.outside]
    if any(base.endswith(rules.testcases) for base in outside):
        return "unittest" if in_pytest or _fits(found.path.name, ("test*.py",)) else None
    constructed = any(
        function.name in {"__init__", "__new__"}
        for member in family
        for function in _functions(member.node.body, ("__*",))
    )
    names = (*found.outer, found.node.name)
    named = all(_fits(name, rules.classes) for name in names)
    return "pytest" if in_pytest and named and not constructed else None


def _opted_out(found: _Class) -> bool:
    return any(
        isinstance(node, ast.Assign) and ast.unparse(node) == "__test__ = False"
        for node in found.node.body
    )
