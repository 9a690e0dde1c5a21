"""Holds ``aqe bench``: a file for each group of benchmarks, listed in ``bench_commands``."""

from __future__ import annotations

from .bench_commands import app

__all__ = ["app"]
