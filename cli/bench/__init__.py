"""``aqe bench``: measures this installation on this machine."""

from __future__ import annotations

from .bench_commands import app

__all__ = ["app"]
