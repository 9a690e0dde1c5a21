"""What a crowd's writers changed and its searchers saw, and which of the latter was stale.

All times are of the machine's monotonic clock, which its processes share. One writer changes a
watched pattern, one change after the other, so what a search may see is known: the last change that
was acknowledged before the search began, or any that was under way while it ran.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["REMOVED", "Change", "Look", "stale_looks", "watched_word"]

# The version of a pattern that is not there: not yet stored, or removed.
REMOVED = 0

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Of 26 letters: more than any run has watched patterns.
_WORD_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One acknowledged change of the watched pattern ``place``, to a version."""

    place: int
    version: int
    began_ns: int
    acknowledged_ns: int


@dataclass(frozen=True, slots=True)
class Look:
    """One search for the watched pattern ``place``, and the version that it found."""

    place: int
    version: int
    began_ns: int
    ended_ns: int
    mode: str


def watched_word(place: int) -> str:
    """Returns the word that the watched pattern has and no other."""
    letters = []
    for _ in range(_WORD_LETTERS):
        place, letter = divmod(place, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "zq" + "".join(letters)


def stale_looks(changes: Iterable[Change], looks: Iterable[Look]) -> list[Look]:
    """Returns the searches that saw what they must not see."""
    by_place: dict[int, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.began_ns):
        by_place.setdefault(change.place, []).append(change)
    return [look for look in looks if look.version not in _allowed(by_place, look)]


def _allowed(by_place: dict[int, list[Change]], look: Look) -> set[int]:
    changes: Sequence[Change] = by_place.get(look.place, ())
    settled = bisect_left(changes, look.began_ns, key=lambda change: change.acknowledged_ns)
    last = changes[settled - 1].version if settled else REMOVED
    under_way = (one.version for one in changes[settled:] if one.began_ns <= look.ended_ns)
    return {last, *under_way}
