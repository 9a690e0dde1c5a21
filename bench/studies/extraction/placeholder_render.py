"""Measures whether patterns render as their original code, and how telling their placeholders are.

Run: ``python -m aqe.bench.studies.extraction.placeholder_render PATH ...``. It wrote
``bench/results/placeholders.md``.

The original is cut from the file on its own: with ``ast`` in Python, from the syntax tree's node at
the test's line elsewhere. Files with secrets are left out, since their patterns are redacted.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ....retrieval.extraction import extract_file, find_test_files
from ....retrieval.text.syntax_tree import Grammar, node_text, parse
from ....schema import Placeholder, TestPattern

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["RenderCounts", "main", "measure_files", "report"]

# Names that say nothing of the value; with or without a number at the end.
GENERIC: Final = re.compile(
    r"(?:\w+_)?arg(?:_\d+)?\Z"
    r"|(?:expected|number|result|returned|text|unexpected|value|values)(?:_\d+)?\Z"
)
_PLAIN_TEXT = re.compile(r"(?P<quote>[\"'])[\w ./:@-]{3,}(?P=quote)\Z")
_MARK = "zq7zq7"
_LINE_WIDTH = 100


@dataclass(slots=True)
class RenderCounts:
    """What was counted in one suite.

    Attributes:
        equal: Tests whose pattern renders as the original code.
        parsed: Tests whose rendered code parses.
        generic: Placeholders whose names say nothing of the value.
        elsewhere: Plain string placeholders whose text is also elsewhere in the code.
        filled: Plain string placeholders whose other value is in each of their places.
        strings: Plain string placeholders.
    """

    tests: int = 0
    equal: int = 0
    parsed: int = 0
    placeholders: int = 0
    generic: int = 0
    strings: int = 0
    filled: int = 0
    elsewhere: int = 0
    names: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def measure_files(paths: Iterable[Path]) -> RenderCounts:
    """Returns the counts of all patterns in some test files."""
    counts = RenderCounts()
    for path in paths:
        extracted = extract_file(path)
        if not extracted.patterns or any("<redacted:" in p.render() for p in extracted.patterns):
            continue
        originals = _originals(path, extracted.patterns[0].language)
        for pattern in extracted.patterns:
            _measure_pattern(pattern, originals, counts, path)
    return counts


def report(named_counts: Sequence[tuple[str, RenderCounts]]) -> str:
    """Returns a Markdown table with a row for each suite."""
    lines = [
        "| suite | tests | equal | parses | placeholders a test | generic names"
        " | text also elsewhere | fills every place |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, counts in named_counts:
        tests, strings = max(1, counts.tests), max(1, counts.strings)
        lines.append(
            f"| {name} | {counts.tests:,} | {counts.equal / tests:.2%}"
            f" | {counts.parsed / tests:.2%}"
            f" | {counts.placeholders / tests:.1f}"
            f" | {counts.generic / max(1, counts.placeholders):.1%}"
            f" | {counts.elsewhere / strings:.2%} | {counts.filled / strings:.2%} |"
        )
    return "\n".join(lines)


def _measure_pattern(
    pattern: TestPattern, originals: dict[int, list[str]], counts: RenderCounts, path: Path
) -> None:
    rendered = pattern.render()
    line = int((pattern.source or ":0").rpartition(":")[2])
    counts.tests += 1
    is_equal = any(_contains(rendered, original) for original in originals.get(line, ()))
    parses = _parses(rendered, pattern.language, path)
    counts.equal += is_equal
    counts.parsed += parses
    if not (is_equal and parses):
        counts.faults.append(f"{'not equal' if parses else 'does not parse'}: {path}:{line}")
    counts.placeholders += len(pattern.placeholders)
    for placeholder in pattern.placeholders:
        generic = GENERIC.match(placeholder.name) is not None
        counts.generic += generic
        if generic:
            counts.names[placeholder.name] += 1
        if _PLAIN_TEXT.match(placeholder.value):
            _measure_filling(pattern, placeholder, counts, path)


def _measure_filling(
    pattern: TestPattern, placeholder: Placeholder, counts: RenderCounts, path: Path
) -> None:
    quote, body = placeholder.value[0], placeholder.value[1:-1]
    filled = pattern.render(**{placeholder.name: f"{quote}{_MARK}{quote}"})
    counts.strings += 1
    counts.filled += filled.count(_MARK) == len(placeholder.places) and _parses(
        filled, pattern.language, path
    )
    others = {each.value for each in pattern.placeholders if each.name != placeholder.name}
    if any(body in text for text in _texts(filled, pattern.language, path) - others):
        counts.elsewhere += 1
        counts.faults.append(f"{body!r} also elsewhere: {path}, {pattern.source}")


def _originals(path: Path, language: str) -> dict[int, list[str]]:
    """Returns the code of each function or call that starts in a line."""
    code = path.read_text("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    lines = code.split("\n")
    found: dict[int, list[str]] = {}
    if language == "python":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                found.setdefault(first, []).append("\n".join(lines[first - 1 : node.end_lineno]))
        return found
    for call in _nodes(parse(code.encode(), _grammar(path)).root_node, {"call_expression"}):
        row = call.start_point[0]
        blanks = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
        found.setdefault(row + 1, []).append(blanks + node_text(call))
    return found


def _contains(rendered: str, original: str) -> bool:
    """Returns whether the lines of some code are in a text, all moved by the same width."""
    wanted = _at_margin(original.split("\n"))
    lines = rendered.split("\n")
    starts = (i for i, line in enumerate(lines) if line.lstrip() == wanted[0])
    return any(_at_margin(lines[i : i + len(wanted)]) == wanted for i in starts)


def _at_margin(lines: Sequence[str]) -> list[str]:
    blanks = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return [line.removeprefix(blanks) for line in lines]


def _parses(code: str, language: str, path: Path) -> bool:
    if language == "python":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(code)
        except SyntaxError:
            return False
        return True
    return not parse(code.encode(), _grammar(path)).root_node.has_error


def _texts(code: str, language: str, path: Path) -> set[str]:
    """Returns the code of each string, except docstrings and titles of tests and blocks."""
    grammar: Grammar = "python" if language == "python" else _grammar(path)
    root = parse(code.encode(), grammar).root_node
    found = set()
    for node in _nodes(root, {"string", "template_string", "jsx_text", "regex"}):
        parent = node.parent
        while parent is not None and parent.type == "binary_expression":
            parent = parent.parent
        kind = parent.type if parent is not None else ""
        is_title = (
            parent is not None
            and parent.parent is not None
            and re.match(r"[\w.$]*(?:it|test|describe|suite|context)\b", node_text(parent.parent))
        )
        if kind != "expression_statement" and not (kind == "arguments" and is_title):
            found.add(node_text(node))
    return found


def _nodes(root: Node, types: set[str]) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in types:
            yield node
        stack.extend(node.named_children)


def _grammar(path: Path) -> Grammar:
    suffix = path.suffix
    if suffix in {".ts", ".mts", ".cts"}:
        return "typescript"
    return "tsx" if suffix == ".tsx" else "javascript"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table for the suites in some folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--faults", type=int, default=0, help="Faults to print for each suite.")
    options = parser.parse_args(arguments)
    named = []
    for path in options.paths:
        counts = measure_files(find_test_files([path]))
        named.append((path.name, counts))
        if options.faults:
            print(path, counts.names.most_common(options.faults), file=sys.stderr)
            print(*counts.faults[: options.faults], sep="\n", file=sys.stderr)
    print(report(named))


if __name__ == "__main__":
    main()
