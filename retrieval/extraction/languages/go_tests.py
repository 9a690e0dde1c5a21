"""Finds tests in a Go syntax tree by the rules of `go test`, and the methods of testify's suites.

A table of cases and its ``t.Run`` are part of the function around them, as `go test -list` lists
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ...text.syntax_tree import node_text
from ..code_facts import Import
from ..found_test import FoundTest, Layer, ReadTests
from ..source_file import ExtractionBudget, SourceFile
from .language_reader import LanguageReader

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["READER", "find_go_tests", "go_imports"]

# The parameter of each kind of test; an example has none.
_PARAMETERS: Final = {"Test": "T", "Benchmark": "B", "Fuzz": "F", "Example": ""}
_KIND = re.compile(r"(Test|Benchmark|Fuzz|Example)(?![a-z])")
_VERSION = re.compile(r"/v\d+\Z|\.v\d+\Z")
_OUTPUT = re.compile(r"(?:/\*|//)\s*(?:unordered )?output:", re.IGNORECASE)
_TABLE = re.compile(r"\bfor\b[^\n]*\brange\b")
_SKIP = re.compile(r"\w+\.(?:Skip|SkipNow|Skipf)\(")
_RECEIVER = re.compile(r"\*?\s*(?:\w+\s+)?\*?\s*(\w+)")
_STRUCT = re.compile(r"^type[ \t]+(\w+)[ \t]+struct[ \t]*\{([^}]{0,4000})", re.MULTILINE)
_EMBEDDED = re.compile(r"^[ \t]*\*?((?:\w+\.)?\w+)[ \t]*(?://[^\n]*)?$", re.MULTILINE)
_MAX_FILES = 200
_MAX_BYTES = 1024 * 1024


def go_imports(root: Node) -> tuple[Import, ...]:
    """Returns the imports of a file, each with the name that it has there."""
    imports: list[Import] = []
    for declaration in root.named_children:
        if declaration.type == "import_declaration":
            specs = declaration.named_children
            if specs and specs[0].type == "import_spec_list":
                specs = specs[0].named_children
            imports += [_go_import(spec) for spec in specs if spec.type == "import_spec"]
    return tuple(imports)


def _go_import(spec: Node) -> Import:
    path = node_text(spec.child_by_field_name("path")).strip('"`')
    name = node_text(spec.child_by_field_name("name"))
    if name == ".":
        return Import(path, "", "")
    return Import(path, "", name or _VERSION.sub("", path).rpartition("/")[2])


def find_go_tests(
    source: SourceFile, root: Node, imports: Sequence[Import], budget: ExtractionBudget
) -> ReadTests:
    """Returns the tests, benchmarks, fuzz tests and examples of a file, in source order.

    An example without an output is compiled and not run, so it is no test. The tests end where the
    budget does.
    """
    functions = [node for node in root.named_children if node.type in _FUNCTIONS]
    found: list[FoundTest] = []
    for node in functions:
        test = _Candidate.of(node)
        if not test.may_be_test(imports, source.path):
            continue
        if not budget.allows_test(len(found)):
            break
        found.append(_found(test, root))
    return ReadTests(found)


_FUNCTIONS: Final = frozenset({"function_declaration", "method_declaration"})


class _Candidate(NamedTuple):
    """A function or method, as far as it matters whether it is a test."""

    node: Node
    name: str
    kind: str  # Test, Benchmark, Fuzz, Example or empty
    receiver: str  # the type that a method belongs to
    parameters: tuple[str, ...]  # their types

    @classmethod
    def of(cls, node: Node) -> _Candidate:
        name = node_text(node.child_by_field_name("name"))
        match = _KIND.match(name)
        has_result = node.child_by_field_name("result") is not None
        is_generic = node.child_by_field_name("type_parameters") is not None
        kind = match[1] if match and not has_result and not is_generic else ""
        return cls(node, name, kind, _receiver(node), tuple(_parameter_types(node)))

    def may_be_test(self, imports: Sequence[Import], path: Path) -> bool:
        """Returns whether `go test` or a suite of testify runs it."""
        if not self.kind:
            return False
        if self.receiver:
            is_method = self.kind == "Test" and not self.parameters
            return is_method and self.receiver in _suites_beside(path)
        if self.kind == "Example":
            return not self.parameters and _has_output(self.node)
        if len(self.parameters) != 1:
            return False
        return self.parameters[0] in _names_of_type(_PARAMETERS[self.kind], imports)


def _names_of_type(name: str, imports: Sequence[Import]) -> set[str]:
    """Returns how a file writes a type of the package testing: ``*testing.T``."""
    found = [each.alias for each in imports if each.module == "testing"]
    return {f"*{alias}.{name}" if alias else f"*{name}" for alias in found}


def _receiver(node: Node) -> str:
    text = node_text(node.child_by_field_name("receiver")).strip("()")
    match = _RECEIVER.match(text)
    return match[1] if match else ""


def _parameter_types(node: Node) -> Iterator[str]:
    parameters = node.child_by_field_name("parameters")
    for parameter in parameters.named_children if parameters is not None else ():
        if parameter.type != "comment":
            names = len(parameter.children_by_field_name("name"))
            kind = node_text(parameter.child_by_field_name("type"))
            yield from [re.sub(r"\s", "", kind)] * max(1, names)


def _has_output(node: Node) -> bool:
    """Returns whether the last group of comments of an example starts with its output."""
    first: Node | None = None
    end = code_end = -2
    for child in _all_children(node.child_by_field_name("body")):
        row = child.start_point[0]
        if child.type != "comment":
            first, end, code_end = None, -2, child.end_point[0]
        elif row != code_end:  # a comment on the last line of code is a group of its own
            first = child if first is None or row != end + 1 else first
            end = child.end_point[0]
    return first is not None and _OUTPUT.match(node_text(first)) is not None


def _all_children(node: Node | None) -> list[Node]:
    """Returns the statements and comments directly in the body of a function."""
    children = node.named_children if node is not None else []
    inner = [
        child.named_children if child.type == "statement_list" else [child] for child in children
    ]
    return sorted((child for part in inner for child in part), key=lambda child: child.start_byte)


def _found(test: _Candidate, root: Node) -> FoundTest:
    body = node_text(test.node.child_by_field_name("body"))
    statements = _all_children(test.node.child_by_field_name("body"))
    marks = {
        "example": test.kind == "Example",
        "fuzz": test.kind == "Fuzz",
        "parametrized": ".Run(" in body and _TABLE.search(body) is not None,
        "skipped": any(_SKIP.match(node_text(each)[:80]) for each in statements),
    }
    return FoundTest(
        node=test.node,
        style="function",
        chain=(test.receiver,) if test.receiver else (),
        title=test.name,
        title_node=None,
        doc=_doc(test),
        doc_node=None,
        layers=(Layer(None, None, root),),
        fixtures=(),
        marks=frozenset(mark for mark, holds in marks.items() if holds),
        scope_marks=("benchmark",) if test.kind == "Benchmark" else (),
    )


def _doc(test: _Candidate) -> str:
    """Returns the comment right above a function, without its name at the start."""
    lines: list[str] = []
    above, row = test.node.prev_named_sibling, test.node.start_point[0]
    while above is not None and above.type == "comment" and above.end_point[0] >= row - 1:
        text = node_text(above)
        if not text.startswith("//go:"):
            lines.append(re.sub(r"^(?://|/\*)[ \t]?|[ \t]*\*/$", "", text))
        row, above = above.start_point[0], above.prev_named_sibling
    doc = "\n".join(reversed(lines)).strip()
    return doc.removeprefix(test.name).strip() or doc


def _suites_beside(path: Path) -> frozenset[str]:
    """Returns the types of the package's tests that are suites of testify."""
    try:
        files = sorted(path.parent.glob("*_test.go"))[:_MAX_FILES]
        stamp = tuple((str(file), file.stat().st_mtime_ns) for file in files)
    except OSError:
        return frozenset()
    return _suites_in(stamp)


@lru_cache(maxsize=64)
def _suites_in(files: tuple[tuple[str, int], ...]) -> frozenset[str]:
    """Returns the types that embed ``suite.Suite``, directly or through another type.

    Args:
        files: Paths and times, so that a changed file is read again.
    """
    embedded: dict[str, set[str]] = {}
    for file, _ in files:
        for name, fields in _STRUCT.findall(_text(file)):
            embedded[name] = set(_EMBEDDED.findall(fields))
    suites = {name for name, inner in embedded.items() if "suite.Suite" in inner}
    pending = list(suites)
    while pending:
        outer = pending.pop()
        derived = {name for name, inner in embedded.items() if outer in inner} - suites
        suites |= derived
        pending += derived
    return frozenset(suites)


def _text(file: str) -> str:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""  # no clue


READER: Final = LanguageReader(read_imports=go_imports, find_tests=find_go_tests)
