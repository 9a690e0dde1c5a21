"""Holds ``aqe learn``: shows what was learned, records outcomes, switches learning."""

from __future__ import annotations

from .learn_commands import app

__all__ = ["app"]
