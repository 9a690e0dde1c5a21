"""Lists objects without keeping them alive.

Unlike ``weakref.WeakSet`` it runs no code when an object dies. Python swallows what a signal
handler raises there, so a Ctrl-C would be lost.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["WeakList"]

Item = TypeVar("Item")


class WeakList(Generic[Item]):
    """The objects that were added and still live, oldest first."""

    def __init__(self) -> None:
        self._references: list[weakref.ref[Item]] = []

    def add(self, item: Item) -> None:
        """Adds an object; forgets those that died."""
        alive = [reference for reference in self._references if reference() is not None]
        self._references = [*alive, weakref.ref(item)]

    def discard(self, item: Item) -> None:
        """Removes an object if it is in the list."""
        self._references = [known for known in self._references if known() is not item]

    def __iter__(self) -> Iterator[Item]:
        return iter([item for known in self._references if (item := known()) is not None])

    def __len__(self) -> int:
        return len(list(iter(self)))
