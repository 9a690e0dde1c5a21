"""``aqe patterns``: search, show, extract, store, move and forget patterns."""

from __future__ import annotations

from .pattern_search import app

__all__ = ["app"]
