"""Decides which answers of a crowd were stale, from what its writers changed and when.

All times are of the machine's monotonic clock, which its processes share. A watched pattern has one
writer, who makes one change after the other. So a search may see the last change acknowledged
before it began, or any that was in progress while it ran.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# The version of a pattern that does not exist: not yet stored, or removed.
REMOVED = 0

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# 26 ** 8 words: more than any run has watched patterns.
_WORD_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Change:
    """An acknowledged change of the watched pattern ``place`` to a version."""

    place: int
    version: int
    began_ns: int
    acknowledged_ns: int


@dataclass(frozen=True, slots=True)
class Look:
    """A search for the watched pattern ``place`` and the version that it found."""

    place: int
    version: int
    began_ns: int
    ended_ns: int
    mode: str


def watched_word(place: int) -> str:
    """Returns the word that only this watched pattern has."""
    letters = []
    for _ in range(_WORD_LETTERS):
        place, letter = divmod(place, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "zq" + "".join(letters)


def stale_looks(changes: Iterable[Change], looks: Iterable[Look]) -> list[Look]:
    """Returns the searches that found a version they must not find."""
    by_place: dict[int, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.began_ns):
        by_place.setdefault(change.place, []).append(change)
    return [look for look in looks if look.version not in _allowed(by_place, look)]


def _allowed(by_place: dict[int, list[Change]], look: Look) -> set[int]:
    changes: Sequence[Change] = by_place.get(look.place, ())
    settled = bisect_left(changes, look.began_ns, key=lambda change: change.acknowledged_ns)
    last = changes[settled - 1].version if settled else REMOVED
    in_progress = {
        change.version for change in changes[settled:] if change.began_ns <= look.ended_ns
    }
    return {last} | in_progress
