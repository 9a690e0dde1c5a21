"""How the source is laid out: folders, file names, and the order of the folders of each part."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from aqe.bench.studies.flow_size import Layout, measure_layout

from .test_architecture import FILES, PACKAGES, ROOT, TREES, imports_of

MAX_ENTRIES = 14
MAX_BACKEND_ENTRIES = 20  # storage/<backend>/
ONE_FILE_A_PROMISE = ROOT / "tests" / "promises"
# A test constructs what it needs and patches nothing of ours.
MAX_PATCHED_CONSTANTS = 0
MAX_PATCHED_FUNCTIONS = 0
SHARED_STEMS: set[str] = set()
# The folders of a part, lowest first: a folder imports only from those before it.
FOLDER_ORDER = {
    "schema": ("redaction", "frameworks", "records", "migrations", "database"),
    "retrieval": (
        *("text", "quality", "extraction", "exchange", "storage"),
        *("usage", "ingest", "ranking", "suites"),
    ),
    "learning": ("outcome", "storage", "q_learning", "decision", "improvement", "agents"),
    "bench": (
        *("workload", "quality", "learning", "bulk", "latency"),
        *("installation", "bank", "studies"),
    ),
    "cli": ("shell", "operations", "bench", "learn", "report", "patterns"),
}
# Terms of the field, which are no gerunds of what a file does.
FIELD_TERMS = {"hashing", "learning", "q_learning", "ranking", "testing", "tuning"}
# Calls at import beyond definitions.
IMPORT_CALLS = {
    "os.register_at_fork(after_in_child=_forget_after_fork)",
    "os.register_at_fork(after_in_child=_after_fork_in_child)",
    "os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent,"
    " after_in_child=_after_fork_in_child)",
    "atexit.register(_close_at_exit)",
}


@pytest.fixture(scope="module")
def layout() -> Layout:
    return measure_layout(ROOT)


def room_of(module: str) -> str:
    """Returns the sub-folder of a part that a module is in, or the module itself."""
    part, _, rest = module.partition(".")
    folder = f"{part}.{rest.partition('.')[0]}"
    return folder if folder in PACKAGES else module


def imports_between_rooms() -> Iterator[tuple[str, str, str]]:
    """Yields file, its room and the room it imports from, within one part; types aside."""
    for name in FILES:
        for module, _, for_types in imports_of(name):
            own, other = room_of(name), room_of(module)
            if not for_types and own != other and own.split(".")[0] == other.split(".")[0]:
                yield name, own, other


def test_no_folder_has_too_many_entries(layout: Layout) -> None:
    for folder, count in layout.entries.items():
        backend = Path(folder).parent.name == "storage"
        most = MAX_BACKEND_ENTRIES if backend else MAX_ENTRIES
        assert count <= most, f"{folder} has {count} entries, at most {most}; group them"


def test_no_folder_of_tests_has_too_many_entries() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")} - {ONE_FILE_A_PROMISE}
    for folder in sorted(folders):
        names = [path.name for path in folder.iterdir() if not path.name.startswith(("_", "."))]
        assert len(names) <= MAX_ENTRIES, f"{folder} has {len(names)} entries; group them"


def test_no_two_files_share_a_stem(layout: Layout) -> None:
    assert layout.shared_stems.keys() <= SHARED_STEMS, layout.shared_stems


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_named_by_a_gerund(name: str) -> None:
    stem = name.rpartition(".")[2]
    last = stem.rpartition("_")[2]
    assert not last.endswith("ing") or last in FIELD_TERMS, f"{name}: use a noun"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_says_where_it_stands(package: str) -> None:
    docstring = ast.get_docstring(TREES[package])
    assert docstring, f"{package}/__init__.py needs a docstring"


def test_no_circle_between_folders() -> None:
    graph: dict[str, set[str]] = {}
    for _, own, other in imports_between_rooms():
        graph.setdefault(own, set()).add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle of folders: {' -> '.join(error.args[1])}")


def test_every_folder_has_its_place_in_the_order() -> None:
    for package in PACKAGES:
        part, _, rest = package.partition(".")
        if rest and "." not in rest:
            assert rest in FOLDER_ORDER.get(part, ()), f"{package} is missing in FOLDER_ORDER"


def test_folders_import_only_from_lower_ones() -> None:
    for name, own, other in imports_between_rooms():
        order = FOLDER_ORDER.get(name.split(".")[0], ())
        own_folder, other_folder = (room.rpartition(".")[2] for room in (own, other))
        if own_folder in order and other_folder in order:
            lower = order.index(other_folder) < order.index(own_folder)
            assert lower, f"{name} imports from {other}, which is above {own}"


def test_studies_are_not_needed() -> None:
    """They are not in the wheel."""
    for name in FILES:
        if not name.startswith("bench.studies"):
            modules = {module for module, _, _ in imports_of(name)}
            assert not any(module.startswith("bench.studies") for module in modules), name


@pytest.mark.parametrize("name", FILES)
def test_import_defines_and_does_nothing_else(name: str) -> None:
    for node in TREES[name].body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = ast.unparse(node.value)
            allowed = call in IMPORT_CALLS or call.startswith("app.command(")
            assert allowed or call.endswith((".register(app)", ".app)")), f"{name}: {call}"


def test_tests_patch_no_constants(layout: Layout) -> None:
    constants, functions = layout.patched_constants, layout.patched_functions
    assert len(constants) <= MAX_PATCHED_CONSTANTS, "\n".join(constants)
    assert len(functions) <= MAX_PATCHED_FUNCTIONS, "\n".join(functions)
