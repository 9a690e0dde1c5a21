"""Provides the patterns and queries that the benchmarks measure with.

Used by every other folder of ``bench``; imports nothing from them. ``numpy_suites`` reads the test
suites in the installed numpy wheel; ``generated_patterns`` makes any number of patterns with the
statistics of real ones, which ``generated_encoder`` embeds and ``query_file`` hands to other
processes. ``ranking_legs`` reaches below the bank's public methods.
"""

from __future__ import annotations

__all__: list[str] = []
