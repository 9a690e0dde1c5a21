"""Groups the commands of ``aqe bench``, which measure this installation on this machine."""

from __future__ import annotations

from .bench_commands import app

__all__ = ["app"]
