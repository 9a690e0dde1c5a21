"""Holds ``aqe bench``: a file for each group of benchmarks, listed in ``bench_commands``."""

from __future__ import annotations

__all__: list[str] = []
