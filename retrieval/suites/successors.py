"""Finds the successors of tests that are gone: the same tests, renamed or moved.

A successor has the same code, but for its own name and white space. Or it has code that is alike,
and the same name in another file, or it is the only new test of the class or block that only one
test has left. What is only alike is no successor: the tests of a suite are.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Final, NamedTuple

from ...schema import TestPattern
from ..text.pattern_text import source_path

__all__ = ["Succession", "find_successions"]

# Shorter code is common to different tests: ``assert not errors``.
_MIN_DISTINCT_CHARS: Final = 40
# Of a test with its old name in another file.
_MIN_SIMILARITY: Final = 0.5
# Of the only test that left a class or block, and the only one that came.
_MIN_BLOCK_SIMILARITY: Final = 0.8
_MAX_COMPARED_TOKENS: Final = 500
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_SPACE: Final = re.compile(r"\s+")
# What separates the names of classes or blocks from a test's own.
_OWN_NAME: Final = re.compile(r"[^.\u203a]+\Z")


class Succession(NamedTuple):
    """A pattern whose test is gone, and the one of the same test under its new name or path."""

    gone: TestPattern
    new: TestPattern


class _Test(NamedTuple):
    pattern: TestPattern
    path: str
    body: str

    @property
    def kind(self) -> tuple[str, str]:
        return self.pattern.language, self.pattern.framework


_Key = Callable[[_Test], Hashable]


def find_successions(gone: Sequence[TestPattern], new: Sequence[TestPattern]) -> list[Succession]:
    """Returns the pairs of patterns that are of the same test; no pattern is in two of them.

    Args:
        gone: Patterns whose tests are gone, in the order of their files.
        new: New patterns, likewise.
    """
    left, right = _by_id(gone), _by_id(new)
    found: list[Succession] = []

    def take(pairs: list[tuple[_Test, _Test]]) -> None:
        for old, heir in pairs:
            found.append(Succession(left.pop(old.pattern.id).pattern, heir.pattern))
            del right[heir.pattern.id]

    for key, in_order in _KEYS:
        take(_pairs(left.values(), right.values(), key, in_order=in_order))
    take(_alike(left.values(), right.values(), _named, _MIN_SIMILARITY))
    take(_alike(left.values(), right.values(), _only_of_its_block, _MIN_BLOCK_SIMILARITY))
    return found


def _by_id(patterns: Sequence[TestPattern]) -> dict[str, _Test]:
    return {
        pattern.id: _Test(pattern, source_path(pattern.source or ""), _body(pattern))
        for pattern in patterns
    }


def _body(pattern: TestPattern) -> str:
    """Returns the code of a test without its own name and white space."""
    own = _OWN_NAME.search(pattern.name)
    code = pattern.code
    return _SPACE.sub("", code.replace(own[0].strip(), "", 1) if own else code)


def _moved(test: _Test) -> Hashable:
    return test.kind, test.pattern.name, test.body


def _renamed(test: _Test) -> Hashable:
    return test.kind, test.path, test.body


def _renamed_and_moved(test: _Test) -> Hashable:
    is_distinct = len(test.body) >= _MIN_DISTINCT_CHARS
    return (test.kind, test.body) if is_distinct else None


# By which tests are the same, the clearest first, and whether several of a kind keep their order.
_KEYS: Final[tuple[tuple[_Key, bool], ...]] = (
    (_moved, False),
    (_renamed, True),
    (_renamed_and_moved, False),
)


def _pairs(
    gone: Collection[_Test], new: Collection[_Test], key: _Key, *, in_order: bool
) -> list[tuple[_Test, _Test]]:
    """Returns the pairs with the same key: of a key that several have, only if they keep order."""
    heirs = _grouped(new, key)
    pairs = []
    for at, olds in _grouped(gone, key).items():
        fitting = heirs.get(at, [])
        if len(olds) == len(fitting) == 1 or (in_order and len(olds) == len(fitting)):
            pairs += list(zip(olds, fitting, strict=True))
    return pairs


def _grouped(tests: Collection[_Test], key: _Key) -> dict[Hashable, list[_Test]]:
    groups: defaultdict[Hashable, list[_Test]] = defaultdict(list)
    for test in tests:
        if (at := key(test)) is not None:
            groups[at].append(test)
    return groups


def _named(test: _Test) -> Hashable:
    return test.kind, test.pattern.name


def _only_of_its_block(test: _Test) -> Hashable:
    """Returns the file and class or block of a test."""
    return test.kind, test.path, _OWN_NAME.sub("", test.pattern.name)


def _alike(
    gone: Collection[_Test], new: Collection[_Test], key: _Key, min_similarity: float
) -> list[tuple[_Test, _Test]]:
    """Returns the pairs that are alone in having the same key, and have code that is alike."""
    return [
        (old, heir)
        for old, heir in _pairs(gone, new, key, in_order=False)
        if _similarity(old.pattern.code, heir.pattern.code) >= min_similarity
    ]


def _similarity(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, _tokens(left), _tokens(right), autojunk=False).ratio()


def _tokens(code: str) -> list[str]:
    return _TOKEN.findall(code)[:_MAX_COMPARED_TOKENS]
