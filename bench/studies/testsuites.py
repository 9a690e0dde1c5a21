"""The product's own task as judged data: what a test says it checks -> the test without saying it.

    python -m aqe.bench.studies.testsuites OUT_DIR [--packages numpy,scipy] [--js FOLDER ...]

Query: the first sentence of a Python test's docstring, or the title of a JavaScript or TypeScript
test. Document: that test with its docstring removed or its title emptied. Everything comes from
``aqe.retrieval.extraction``, so the sets hold what the bank would hold. Whole projects go to a
tuning or a checking half: what was tuned on one is not checked on the same authors' code.
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

# A shorter sentence or title ("it works") is no need that somebody would search for.
MIN_WORDS: Final[dict[Family, int]] = {"python": 4, "javascript": 3}
# Code or words that more tests than this share say nothing about which test is meant.
MAX_SHARED = 4
# Less code than this is an empty body.
MIN_CODE_CHARS = 30
DOCUMENTS, QUERIES = 3_000, 1_000

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """One test without the words that say what it checks.

    Attributes:
        title: Its name in Python, empty in JavaScript, where the title is the query.
        query: Those words; empty where there are none, or too few of them.
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

    The same suites give the same sets, whatever else is read beside them and in whatever order.

    Args:
        packages: Import names of installed packages; none takes those of the default that are
            installed.
        javascript: Checkouts of projects; each is named after its folder.
        documents: At most so many a set.
        queries: Tests with a query, at most so many a set, evenly from its projects.

    Raises:
        AqeError: A package is not installed, a folder does not exist, or no test has a query.
    """
    roots: dict[Family, dict[str, Path]] = {
        "python": _package_roots(packages),
        "javascript": {path.resolve().name: path for path in javascript},
    }
    made = []
    for family, projects in roots.items():
        halves: defaultdict[Half, list[SuiteTest]] = defaultdict(list)
        for project, root in sorted(projects.items()):
            halves[half_of(project)] += suite_tests(project, root, family)
        for half, tests in sorted(halves.items()):
            name = f"{family}-{half}"
            judged = judged_set(name, tests, documents=documents, queries=queries)
            write_judged_set(folder / name, judged)
            made.append(judged)
    return made


def half_of(project: str) -> Half:
    """Returns the half that a project belongs to, always the same one."""
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
    """Returns a judged set: tests of one text are one document, relevant to each one's query.

    Raises:
        AqeError: No test has a query.
    """
    found = _documents(tests)
    shared = Counter(query for one in found for query in one.queries)
    asked = [one for one in found if any(shared[query] <= MAX_SHARED for query in one.queries)]
    chosen = {one.document.id: one for one in _evenly(asked)[:queries]}
    texts = sorted(
        {query for one in chosen.values() for query in one.queries if shared[query] <= MAX_SHARED}
    )
    if not texts:
        raise AqeError(f"{name}: expected tests that say in words what they check, found none")
    # Every other test that the same words describe is relevant as well, so it must be there.
    chosen |= {one.document.id: one for one in found if not one.queries.isdisjoint(texts)}
    rest = [one for one in found if one.document.id not in chosen]
    kept = [*chosen.values(), *rest[: max(0, documents - len(chosen))]]
    kept.sort(key=lambda one: one.document.id)
    ids = {text: f"q{number}" for number, text in enumerate(texts)}
    judgements: dict[str, dict[str, int]] = {id: {} for id in ids.values()}
    for one in kept:
        for query in one.queries & ids.keys():
            judgements[ids[query]][one.document.id] = 1
    by_id = {id: text for text, id in ids.items()}
    return JudgedSet(name, tuple(one.document for one in kept), by_id, judgements)


@dataclass(frozen=True, slots=True)
class _Merged:
    """All tests of one text."""

    document: Document
    project: str
    queries: frozenset[str]


def _documents(tests: Iterable[SuiteTest]) -> list[_Merged]:
    """Returns the distinct texts in the order of their hash, which is as good as a random one."""
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
    merged.sort(key=lambda one: one.document.id)
    return merged


def _evenly(found: Sequence[_Merged]) -> list[_Merged]:
    """Returns them one of each project in turn, so that the largest suite does not decide alone."""
    by_project: defaultdict[str, list[_Merged]] = defaultdict(list)
    for one in found:
        by_project[one.project].append(one)
    rounds = zip_longest(*(by_project[project] for project in sorted(by_project)))
    return [one for turn in rounds for one in turn if one is not None]


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
    """Returns the first node of a kind in source order."""
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
    """Builds the sets from the command line and prints what they hold."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.testsuites", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="where the sets go")
    parser.add_argument("--packages", default="", help="import names, separated by commas")
    parser.add_argument("--js", type=Path, action="append", default=[], help="a project's checkout")
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="at most, in each set")
    parser.add_argument("--queries", type=int, default=QUERIES, help="at most, in each set")
    options = parser.parse_args(arguments)
    try:
        made = build_sets(
            options.folder,
            packages=[name for name in options.packages.split(",") if name],
            javascript=options.js,
            documents=options.documents,
            queries=options.queries,
        )
    except AqeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in _summary(made):
        print(line)
    return 0


def _summary(made: Sequence[JudgedSet]) -> Iterator[str]:
    for judged in made:
        pairs = sum(map(len, judged.judgements.values()))
        yield (
            f"{judged.name}: {len(judged.documents)} documents, {len(judged.queries)} queries,"
            f" {pairs} pairs"
        )


if __name__ == "__main__":
    sys.exit(main())
