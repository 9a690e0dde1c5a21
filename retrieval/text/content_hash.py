"""Hashes what makes a version of a pattern."""

from __future__ import annotations

import hashlib

import msgspec

from ...schema import TestPattern

__all__ = ["content_hash"]


def content_hash(pattern: TestPattern) -> str:
    """Returns the SHA-256 of everything but counters, times and place, in hex."""
    content = (
        pattern.id,
        pattern.name,
        pattern.description,
        pattern.category,
        pattern.framework,
        pattern.language,
        pattern.template,
        list(pattern.examples),
        sorted(pattern.tags),
        pattern.confidence,
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
