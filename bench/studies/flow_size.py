"""Counts how much code the three main flows run through, and how the source is laid out.

Run: ``python -m aqe.bench.studies.flow_size [--json | --detail]``. It uses only the public API and
its own file, so it also runs on an older checkout:
``PYTHONPATH=CHECKOUT/src python bench/studies/flow_size.py``.

A function is a distinct code object of aqe's own source that was entered at least once; Python
before 3.12 gives a comprehension its own. Code that dataclasses generate is not counted.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import aqe
from aqe import (
    AgentAction,
    LearningEngine,
    QEReasoningBank,
    Task,
    TaskResult,
    TestPattern,
)

__all__ = ["Flow", "Layout", "Patch", "count_flows", "main", "measure_layout", "patches_in"]

PARTS = ("bench", "cli", "learning", "models", "retrieval", "schema")
PATTERNS = 50
QUERY = "wrong password is refused by login"
_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Flow:
    """One call of the public API and the functions that it entered.

    Attributes:
        entered: Path below the checkout, first line and qualified name of each, sorted.
    """

    name: str
    entered: tuple[tuple[str, int, str], ...]

    @property
    def files(self) -> int:
        """Number of distinct files."""
        return len({file for file, _, _ in self.entered})

    @property
    def functions(self) -> int:
        """Number of distinct functions."""
        return len(self.entered)


@dataclass(frozen=True)
class Layout:
    """How the source of a checkout is laid out.

    Attributes:
        entries: Entries of each source folder, by its path; ``__init__.py`` does not count.
        shared_stems: Files by the stem that they share; see ``measure_layout``.
        patched_constants: Places in the tests that replace a constant.
        patched_functions: Places in the tests that replace a function of an aqe module.
    """

    entries: dict[str, int]
    shared_stems: dict[str, list[str]]
    patched_constants: list[str]
    patched_functions: list[str]


@dataclass(frozen=True)
class Patch:
    """A ``setattr`` of pytest's monkeypatch on a constant or on a function of an aqe module."""

    line: int
    name: str
    constant: bool


def count_flows() -> list[Flow]:
    """Returns an uncached hybrid search, a store of a new pattern and a learn, each warmed up."""
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        path = Path(folder, "aqe.db")
        with QEReasoningBank(path) as bank:
            bank.store_patterns([_pattern(number) for number in range(PATTERNS)])
            for query in ("login of a user fails", "login of a user works"):
                bank.find_matching_patterns(query)
            search = _entered(lambda: bank.find_matching_patterns(QUERY))
            new = _pattern(PATTERNS)
            store = _entered(lambda: bank.store_pattern(new))
        with LearningEngine("test-generator", path) as engine:
            for number in range(3):
                _learn(engine, number)
            learn = _entered(lambda: _learn(engine, 3))
    return [Flow("search", search), Flow("store", store), Flow("learn", learn)]


def _pattern(number: int) -> TestPattern:
    return TestPattern(
        name=f"test_login_{number}",
        description=f"checks the login of user {number}",
        category="unit",
        framework="pytest",
        language="python",
        template=(
            f"def test_login_{number}(client):\n"
            f'    response = client.post("/login", json={{"user": {number}}})\n'
            "    assert response.status_code == 200\n"
        ),
        tags=("auth",),
    )


def _learn(engine: LearningEngine, number: int) -> None:
    task = Task(id=f"task-{number}", type="unit-test")
    engine.learn_from_execution(task, TaskResult(success=True, action=AgentAction(strategy="fast")))


def _entered(call: Callable[[], object]) -> tuple[tuple[str, int, str], ...]:
    """Returns aqe's functions that a call enters, in threads that it starts as well."""
    seen: set[CodeType] = set()

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return tuple(sorted(place for code in seen for place in _place(code)))


def _place(code: CodeType) -> Iterator[tuple[str, int, str]]:
    """Yields where a function of aqe is; nothing for other code and for this file."""
    file = Path(code.co_filename).resolve()
    root = _checkout()
    ours = any(file.is_relative_to(root / part) for part in (*PARTS, "src"))
    if ours and file != Path(__file__).resolve():
        yield str(file.relative_to(root)), code.co_firstlineno, code.co_qualname


def _checkout() -> Path:
    return Path(aqe.__file__).resolve().parents[2]


def measure_layout(root: Path) -> Layout:
    """Returns the layout of a checkout.

    Stems are shared by two files of any parts, but not by ``__init__``, ``__main__``, the protocols
    ``storage/backend.py`` or the parallel files of storage backends (``storage/*/``).
    """
    entries: dict[str, int] = {}
    files: dict[str, list[str]] = {}
    for folder in _source_folders(root):
        names = [path.name for path in folder.iterdir()]
        kept = [name for name in names if not name.startswith(("_", "."))]
        entries[str(folder.relative_to(root))] = len(kept)
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("__"):
                files.setdefault(path.stem, []).append(str(path.relative_to(root)))
    shared = {
        stem: paths
        for stem, paths in files.items()
        if len(paths) > 1 and not all("/storage/" in path for path in paths)
    }
    patches = [
        (patch.constant, f"{path.relative_to(root)}:{patch.line} {patch.name}")
        for path in sorted((root / "tests").rglob("*.py"))
        for patch in patches_in(path.read_text(encoding="utf-8"))
    ]
    return Layout(
        entries,
        shared,
        patched_constants=[place for constant, place in patches if constant],
        patched_functions=[place for constant, place in patches if not constant],
    )


def _source_folders(root: Path) -> Iterator[Path]:
    for part in PARTS:
        for path in sorted((root / part).rglob("__init__.py")):
            yield path.parent


def patches_in(source: str) -> list[Patch]:
    """Returns the constants and the module-level functions of aqe that a test file patches.

    A constant is an attribute written in capitals. A function counts if its module is named by an
    import or as a text; methods and attributes of objects do not count.
    """
    tree = ast.parse(source)
    modules = _imported_modules(tree)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = (_patch(call, modules) for call in calls if _is_setattr(call))
    return [patch for patch in found if patch is not None]


def _is_setattr(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "setattr"


def _patch(call: ast.Call, modules: set[str]) -> Patch | None:
    match call.args:
        case [ast.Constant(value=str(target)), _]:
            owner, _, attribute = target.rpartition(".")
            ours = _is_module(owner)
        case [target, ast.Constant(value=str(attribute)), _]:
            owner = ast.unparse(target)
            ours = owner in modules
        case _:
            return None
    constant = _CONSTANT.fullmatch(attribute) is not None
    return Patch(call.lineno, f"{owner}.{attribute}", constant) if ours or constant else None


def _imported_modules(tree: ast.Module) -> set[str]:
    """Returns the names under which a file imports modules of aqe."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aqe":
            for alias in node.names:
                if _is_module(f"{node.module}.{alias.name}"):
                    names.add(alias.asname or alias.name)
    return names


def _is_module(name: str) -> bool:
    if not name.startswith("aqe."):
        return False
    path = _checkout().joinpath(*name.split(".")[1:])
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _table(flows: Sequence[Flow], layout: Layout) -> Iterator[str]:
    yield "| flow | files entered | functions called |"
    yield "|---|---:|---:|"
    for flow in flows:
        yield f"| {flow.name} | {flow.files} | {flow.functions} |"
    fullest = max(layout.entries, key=lambda folder: layout.entries[folder])
    yield ""
    yield "| layout | |"
    yield "|---|---:|"
    yield f"| most entries in a source folder ({fullest}) | {layout.entries[fullest]} |"
    yield f"| stems that files share | {len(layout.shared_stems)} |"
    yield f"| constants patched by tests | {len(layout.patched_constants)} |"
    yield f"| functions patched by tests | {len(layout.patched_functions)} |"


def _detail(flows: Sequence[Flow], layout: Layout) -> Iterator[str]:
    for flow in flows:
        yield f"\n{flow.name}"
        for file, count in Counter(file for file, _, _ in flow.entered).items():
            names = ", ".join(name for path, _, name in flow.entered if path == file)
            yield f"  {count:3} {file}: {names}"
    yield "\nshared stems"
    for stem, paths in layout.shared_stems.items():
        yield f"  {stem}: {', '.join(paths)}"
    yield "\npatched constants, then functions"
    for place in (*layout.patched_constants, *layout.patched_functions):
        yield f"  {place}"


def _as_json(flows: Sequence[Flow], layout: Layout) -> dict[str, Any]:
    return {
        "flows": {flow.name: {"files": flow.files, "functions": flow.functions} for flow in flows},
        "most_entries": max(layout.entries.values()),
        "entries": layout.entries,
        "shared_stems": layout.shared_stems,
        "patched_constants": layout.patched_constants,
        "patched_functions": layout.patched_functions,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the counts as a table or as JSON."""
    parser = argparse.ArgumentParser(prog="python -m aqe.bench.studies.flow_size")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--detail", action="store_true", help="list functions, stems and patches")
    options = parser.parse_args(arguments)
    flows, layout = count_flows(), measure_layout(_checkout())
    if options.json:
        print(json.dumps(_as_json(flows, layout), indent=1))
        return
    print("\n".join(_table(flows, layout)))
    if options.detail:
        print("\n".join(_detail(flows, layout)))


if __name__ == "__main__":
    main()
