"""Keeps one voice: plain technical English, one word for each thing (docs/glossary.md).

Each test names every offender as ``file:line``, one folder at a time. A word that is right in one
place after all goes into that place in other words; there is no list of exceptions.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("bench", "cli", "examples", "learning", "models", "retrieval", "schema", "src")
FOLDERS = (".", *PRODUCT, "docs", "tests")
TEXT_SUFFIXES = {".md", ".py", ".sh", ".toml"}
TEXT_NAMES = {"Makefile", "run"}
SKIPPED = (
    "bench/results/",  # written by the benches
    "docs/cli.md",  # written from the help texts, which are read in cli/
    "tests/test_vocabulary.py",  # names the words
)

# Phrase -> what to write instead.
WORDS = {
    r"anew": "again, or re-: rebuilt, re-embed",
    r"men(?:d|ds|ded|ding)": "fix, repair",
    r"hereby": "(leave it out)",
    r"brought forth": "produced",
    r"stands? beside": "is next to",
    r"stands? in(?! for)": "is in",
    r"told from": "inferred from",
    r"else told": "default: inferred from",
    r"so many(?! that)": "that many",
    r"going on in memory": "falling back to an in-memory database",
    r"tells? whether": "returns whether, is",
    r"(?:is|are) looked at": "is read, is scanned",
    r"goes on": "continues",
}
# A phrase may run over the end of a line: of text, a comment, or a string in two parts.
GAP = r"""[\s#"]+"""
PATTERNS = {
    re.compile(rf"\b{phrase.replace(' ', GAP)}\b", re.IGNORECASE): phrase for phrase in WORDS
}
# A module docstring says what the module does: "Ranks candidates ...".
OPENINGS = re.compile(r"(?:What|How|Which|From|Where|When|Why|The seam)\b")
BOUNDS = re.compile(r"_?(?:MOST|LEAST)_")


def files_of(folder: str) -> Iterator[Path]:
    """Yields the files of a folder that are written by hand, in order."""
    paths = (ROOT / folder).glob("*") if folder == "." else (ROOT / folder).rglob("*")
    for path in sorted(paths):
        is_text = path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES
        if is_text and path.is_file() and not path.relative_to(ROOT).as_posix().startswith(SKIPPED):
            yield path


def offenders_in(text: str) -> Iterator[tuple[int, str]]:
    """Yields the line and the wording of each phrase that has a plainer form."""
    for pattern, phrase in PATTERNS.items():
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield line, f"{' '.join(found.group().split())!r}, say: {WORDS[phrase]}"


def opening_of(tree: ast.Module) -> str | None:
    """Returns the first line of a module docstring that starts with a question word."""
    docstring = ast.get_docstring(tree) or ""
    return docstring.splitlines()[0] if OPENINGS.match(docstring) else None


def variables_named_one(tree: ast.Module) -> Iterator[int]:
    """Yields the lines that bind the name ``one``."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="one", ctx=ast.Store(), lineno=line) | ast.arg(arg="one", lineno=line):
                yield line


def bounds_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields the module constants that name a bound MOST_ or LEAST_."""
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            if isinstance(target, ast.Name) and BOUNDS.match(target.id):
                yield statement.lineno, target.id


def modules_of(folder: str) -> Iterator[tuple[str, ast.Module]]:
    """Yields the name and the syntax tree of each Python file of a folder."""
    for path in files_of(folder):
        if path.suffix == ".py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield path.relative_to(ROOT).as_posix(), tree


def require_none(offenders: list[str]) -> None:
    """Fails with the number of offenders and all of them."""
    assert not offenders, f"{len(offenders)} found\n" + "\n".join(offenders)


@pytest.mark.parametrize("folder", FOLDERS)
def test_wording_is_plain(folder: str) -> None:
    require_none(
        [
            f"{path.relative_to(ROOT).as_posix()}:{line}: {problem}"
            for path in files_of(folder)
            for line, problem in sorted(offenders_in(path.read_text(encoding="utf-8")))
        ]
    )


@pytest.mark.parametrize("folder", PRODUCT)
def test_module_docstrings_say_what_the_module_does(folder: str) -> None:
    openings = ((name, opening_of(tree)) for name, tree in modules_of(folder))
    require_none([f"{name}:1: {opening}" for name, opening in openings if opening])


@pytest.mark.parametrize("folder", PRODUCT)
def test_variables_are_named_for_what_they_hold(folder: str) -> None:
    require_none(
        [
            f"{name}:{line}: 'one'"
            for name, tree in modules_of(folder)
            for line in sorted(variables_named_one(tree))
        ]
    )


@pytest.mark.parametrize("folder", PRODUCT)
def test_bounds_are_named_max_and_min(folder: str) -> None:
    require_none(
        [
            f"{name}:{line}: {constant}"
            for name, tree in modules_of(folder)
            for line, constant in bounds_of(tree)
        ]
    )


@pytest.mark.parametrize(
    "text",
    [
        "built anew",
        "Mending the index",
        "it stands\n    # beside the file",
        '"going on in "\n    "memory"',
        "so many rows",
        "Tells whether it is open.",
    ],
)
def test_a_forbidden_phrase_is_found(text: str) -> None:
    assert next(offenders_in(f"first line\n{text}"))[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        "recommended",
        "an amended file",
        "so many that none fits",
        "a stub stands in for it",
        "manew",
    ],
)
def test_ordinary_english_is_left_alone(text: str) -> None:
    assert not list(offenders_in(text))


def test_names_are_found_wherever_they_are_bound() -> None:
    code = "for one in x:\n    pass\ny = [one for one in x]\ndef f(one): ...\nz = lambda one: one\n"
    assert sorted(variables_named_one(ast.parse(code))) == [1, 3, 4, 5]
    assert not list(variables_named_one(ast.parse("print(one)")))
    constants = "MOST_ROWS = 1\n_LEAST_ROWS: int = 2\nMAX_ROWS = MOST = 3\n"
    assert [line for line, _ in bounds_of(ast.parse(constants))] == [1, 2]
    assert opening_of(ast.parse('"""How it works."""')) == "How it works."
    assert opening_of(ast.parse('"""Whatever."""')) is None
