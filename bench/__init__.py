"""What is measured, against what; the results lie in ``bench/results/``."""

from __future__ import annotations

__all__: list[str] = []
