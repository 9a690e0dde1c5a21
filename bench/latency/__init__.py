"""Measures searching and storing as a bank grows and as more users share it (``aqe bench latency``).

``latency_by_size`` asks the bank and the ``latency_yardsticks`` the same queries in turns;
``memory_use`` counts a fresh process's memory, and ``crowd`` starts many searchers and writers on
one file.
"""

from __future__ import annotations

__all__: list[str] = []
