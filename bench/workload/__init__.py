"""What the benchmarks measure with: real patterns and queries, and generated ones.

Used by every other folder of ``bench``; imports nothing from them. Real patterns are the test
suites in the installed numpy wheel (``numpy_suites``), generated ones have the statistics of real
ones and any number (``generated_patterns``).
"""

from __future__ import annotations

__all__: list[str] = []
