"""Measures the speed of the bank and compares it with a baseline (``aqe bench``).

``bank_speed`` runs the pytest-benchmark suites ``bank_benchmarks`` (1,000 real tests) and
``size_benchmarks`` (generated patterns); each operation is timed in turns with a yardstick
(``paired_rounds``), and ``baseline`` keeps the ratios.
"""

from __future__ import annotations

__all__: list[str] = []
