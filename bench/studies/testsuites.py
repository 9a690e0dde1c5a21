"""Builds judged data for the product's own task: from the words of a test to the test without them.

Run: ``python -m aqe.bench.studies.testsuites OUT_DIR [--packages numpy,scipy] [--js FOLDER ...]``.

Query: the first sentence of a Python test's docstring, or the title of a JavaScript or TypeScript
test. Document: that test with its docstring removed or its title emptied. Tests come from
``aqe.retrieval.extraction``, so the sets hold what the bank would hold. Whole projects go to a
tuning or a checking half, so that nothing is checked on the code of authors it was tuned on.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from ...retrieval.extraction import extract_file, find_test_files
from ...retrieval.text.syntax_tree import Grammar, parse
from ...schema import AqeError, TestPattern
from ..quality.beir import Document, JudgedSet, write_judged_set

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Half", "SuiteTest", "build_sets", "half_of", "judged_set", "suite_tests"]

Half = Literal["tuning", "checking"]
Family = Literal["python", "javascript"]

# Import names of packages whose wheels ship their tests.
DEFAULT_PACKAGES: Final = ("networkx", "numpy", "pandas", "scipy", "sklearn", "sympy")
# The projects that the ranking was tuned on (bench/results/ranking.md), and those kept for checks.
_TUNING: Final = frozenset(
    "scipy networkx sympy vue axios express chai date-fns koa immutable".split()
)
_CHECKING: Final = frozenset(
    "numpy sklearn pandas vite zod immer cheerio redux jest commander fastify".split()
)

# A shorter sentence or title ("it works") is not a need that somebody would search for.
MIN_WORDS: Final[dict[Family, int]] = {"python": 4, "javascript": 3}
# Code or words that more tests than this share do not identify a test.
MAX_SHARED = 4
# Less code than this is an empty body.
MIN_CODE_CHARS = 30
DOCUMENTS, QUERIES = 3_000, 1_000

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """A test without the words that describe it.

    Attributes:
        title: Its name in Python; empty in JavaScript, where the title is the query.
        query: The removed words; empty if there are none or too few.
    """

    project: str
    title: str
    code: str
    query: str


def build_sets(
    folder: Path,
    *,
    packages: Sequence[str] = (),
    javascript: Sequence[Path] = (),
    documents: int = DOCUMENTS,
    queries: int = QUERIES,
) -> list[JudgedSet]:
    """Writes a judged set for each language and half into a folder, and returns them.

    A project's half does not depend on the other projects, nor a set on the order of the suites.

    Args:
        folder: Gets a folder for each set.
        packages: Import names of installed packages; by default those of ``DEFAULT_PACKAGES`` that
            are installed.
        javascript: Checkouts of projects; each is named after its folder.
        documents: Maximum for each set.
        queries: Maximum of tests with a query for each set, taken evenly from its projects.

    Raises:
        AqeError: A package is not installed, a folder does not exist, or no test has a query.
    """
    roots: dict[Family, dict[str, Path]] = {
        "python": _package_roots(packages),
        "javascript": {path.resolve().name: path for path in javascript},
    }
    sets = []
    for family, projects in roots.items():
        halves: defaultdict[Half, list[SuiteTest]] = defaultdict(list)
        for project, root in sorted(projects.items()):
            halves[half_of(project)] += suite_tests(project, root, family)
        for half, tests in sorted(halves.items()):
            name = f"{family}-{half}"
            judged = judged_set(name, tests, documents=documents, queries=queries)
            write_judged_set(folder / name, judged)
            sets.append(judged)
    return sets


def half_of(project: str) -> Half:
    """Returns the half of a project, which never changes."""
    if project in _TUNING or project in _CHECKING:
        return "tuning" if project in _TUNING else "checking"
    return "tuning" if hashlib.sha256(project.encode()).digest()[0] % 2 else "checking"


def suite_tests(project: str, root: Path, family: Family) -> list[SuiteTest]:
    """Returns the tests under a folder that are written in a language of the family."""
    tests = []
    for file in find_test_files([root]):
        for pattern in extract_file(file).patterns:
            if (pattern.language == "python") == (family == "python") and pattern.examples:
                test = (_python_test if family == "python" else _javascript_test)(project, pattern)
                if test is not None:
                    tests.append(test)
    return tests


def judged_set(
    name: str, tests: Iterable[SuiteTest], *, documents: int = DOCUMENTS, queries: int = QUERIES
) -> JudgedSet:
    """Returns a judged set; tests with the same text are one document.

    Raises:
        AqeError: No test has a query.
    """
    found = _documents(tests)
    shared = Counter(query for test in found for query in test.queries)
    asked = [test for test in found if any(shared[query] <= MAX_SHARED for query in test.queries)]
    chosen = {test.document.id: test for test in _evenly(asked)[:queries]}
    texts = sorted(
        {query for test in chosen.values() for query in test.queries if shared[query] <= MAX_SHARED}
    )
    if not texts:
        raise AqeError(
            f"{name}: expected tests with a docstring or title in words, found none;"
            " give other suites"
        )
    # All other tests with the same words are relevant as well, so they must be in the set.
    chosen |= {test.document.id: test for test in found if not test.queries.isdisjoint(texts)}
    rest = [test for test in found if test.document.id not in chosen]
    kept = [*chosen.values(), *rest[: max(0, documents - len(chosen))]]
    kept.sort(key=lambda test: test.document.id)
    ids = {text: f"q{number}" for number, text in enumerate(texts)}
    judgements: dict[str, dict[str, int]] = {id: {} for id in ids.values()}
    for test in kept:
        for query in test.queries & ids.keys():
            judgements[ids[query]][test.document.id] = 1
    by_id = {id: text for text, id in ids.items()}
    return JudgedSet(name, tuple(test.document for test in kept), by_id, judgements)


@dataclass(frozen=True, slots=True)
class _Merged:
    """All tests with the same text."""

    document: Document
    project: str
    queries: frozenset[str]


def _documents(tests: Iterable[SuiteTest]) -> list[_Merged]:
    """Returns the distinct texts ordered by their hash, which is as good as random."""
    groups: defaultdict[str, list[SuiteTest]] = defaultdict(list)
    for test in tests:
        groups[" ".join(test.code.split())].append(test)
    merged = []
    for text, group in groups.items():
        if len(group) <= MAX_SHARED and len(text) >= MIN_CODE_CHARS:
            first = min(group, key=lambda test: (test.project, test.title, test.code))
            id = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
            queries = frozenset(test.query for test in group if test.query)
            merged.append(_Merged(Document(id, first.title, first.code), first.project, queries))
    merged.sort(key=lambda test: test.document.id)
    return merged


def _evenly(found: Sequence[_Merged]) -> list[_Merged]:
    """Returns them one of each project in turn, so that the largest suite does not dominate."""
    by_project: defaultdict[str, list[_Merged]] = defaultdict(list)
    for test in found:
        by_project[test.project].append(test)
    rounds = zip_longest(*(by_project[project] for project in sorted(by_project)))
    return [test for turn in rounds for test in turn if test is not None]


def _package_roots(packages: Sequence[str]) -> dict[str, Path]:
    roots = {}
    for package in packages or DEFAULT_PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            roots[package] = Path(spec.origin).parent
        elif packages:
            raise AqeError(f"package {package!r} is not installed; give import names, e.g. sklearn")
    return roots


def _python_test(project: str, pattern: TestPattern) -> SuiteTest | None:
    code = pattern.examples[0].encode("utf-8", "replace")
    function = _first(parse(code, "python").root_node, "function_definition")
    body = None if function is None else function.child_by_field_name("body")
    first = None if body is None else next(iter(body.named_children), None)
    query = ""
    if first is not None and _is_docstring(first):
        following = first.next_named_sibling
        if following is None:
            return None  # nothing but a docstring
        code = code[: first.start_byte] + code[following.start_byte :]
        query = _SENTENCE_END.split(pattern.description, maxsplit=1)[0]
    title = pattern.name.rpartition(".")[2]
    return _suite_test(project, title, code, query, "python")


def _is_docstring(statement: Node) -> bool:
    if statement.type != "expression_statement" or statement.named_child_count != 1:
        return False
    return statement.named_children[0].type in ("string", "concatenated_string")


def _javascript_test(project: str, pattern: TestPattern) -> SuiteTest | None:
    code = pattern.examples[0].encode("utf-8", "replace")
    grammar: Grammar = "javascript" if pattern.language == "javascript" else "tsx"
    call = _first(parse(code, grammar).root_node, "call_expression")
    arguments = None if call is None else call.child_by_field_name("arguments")
    title = None if arguments is None else next(iter(arguments.named_children), None)
    if title is None or title.type not in ("string", "template_string"):
        return None  # a title that is computed
    if _first(title, "template_substitution") is not None:
        return None
    words = code[title.start_byte + 1 : title.end_byte - 1].decode("utf-8", "replace")
    code = code[: title.start_byte + 1] + code[title.end_byte - 1 :]
    return _suite_test(project, "", code, re.sub(r"\\(.)", r"\1", words), "javascript")


def _first(root: Node, kind: str) -> Node | None:
    """Returns the first node of a kind, in source order."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == kind:
            return node
        stack.extend(reversed(node.children))
    return None


def _suite_test(project: str, title: str, code: bytes, query: str, family: Family) -> SuiteTest:
    words = query.split()
    return SuiteTest(
        project=project,
        title=title,
        code=code.decode("utf-8", "replace").strip(),
        query=" ".join(words) if len(words) >= MIN_WORDS[family] else "",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds the sets and prints their sizes; returns 1 if that is impossible."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.testsuites", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="output folder")
    parser.add_argument("--packages", default="", help="import names, separated by commas")
    parser.add_argument(
        "--js", type=Path, action="append", default=[], help="checkout of a project"
    )
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="maximum for each set")
    parser.add_argument("--queries", type=int, default=QUERIES, help="maximum for each set")
    options = parser.parse_args(arguments)
    try:
        sets = build_sets(
            options.folder,
            packages=[name for name in options.packages.split(",") if name],
            javascript=options.js,
            documents=options.documents,
            queries=options.queries,
        )
    except AqeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in _summary(sets):
        print(line)
    return 0


def _summary(sets: Sequence[JudgedSet]) -> Iterator[str]:
    for judged in sets:
        pairs = sum(map(len, judged.judgements.values()))
        yield (
            f"{judged.name}: {len(judged.documents)} documents, {len(judged.queries)} queries,"
            f" {pairs} pairs"
        )


if __name__ == "__main__":
    sys.exit(main())
