"""Measures searching and storing as a bank and its users grow (``aqe bench latency``).

``latency_by_size`` drives it: ``latency_operations`` asks the bank and the ``latency_yardsticks``
the same in turns, ``memory_use`` counts a fresh process's memory, and ``crowd`` starts many
searchers and writers on one file.
"""

from __future__ import annotations

__all__: list[str] = []
