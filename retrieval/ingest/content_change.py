"""Compares a pattern that is stored again with what the bank has of it."""

from __future__ import annotations

from ...schema import Provenance, TestPattern
from ..storage.storage_values import StoredPattern

__all__ = ["is_elsewhere", "is_same_test"]


def is_same_test(pattern: TestPattern, author: Provenance, existing: StoredPattern) -> bool:
    """Returns whether an extraction read the test of a pattern again, and its code is the same.

    Then what is new is how it is presented, and its uses prove it as before.
    """
    is_read_again = author == existing.provenance and author.origin == "extracted"
    code = pattern.examples
    return is_read_again and code != () and code == existing.pattern.examples


def is_elsewhere(pattern: TestPattern, stored: TestPattern) -> bool:
    """Returns whether a pattern, or its context, is from another place than what is stored.

    Args:
        pattern: Its content is that of ``stored``.
    """
    if pattern.source is None or pattern.gone_since is not None:
        return False
    is_new_project = pattern.project not in ("", stored.project)
    is_moved = pattern.source != stored.source or pattern.context != stored.context
    return is_moved or is_new_project or stored.gone_since is not None
