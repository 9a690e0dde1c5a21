"""``aqe learn``: what was learned, one outcome to learn from, the switch."""

from __future__ import annotations

from .learn_commands import app

__all__ = ["app"]
