"""Measures the product, with a folder for each command of ``aqe bench``.

``bank`` is ``aqe bench`` itself; ``latency``, ``quality``, ``bulk`` and ``learning`` are its
commands, ``installation`` is what it takes to install and to start. ``workload`` holds the patterns
and queries that they share, ``studies`` what maintainers ran once (not in the wheel), ``results``
the figures. Imported by ``aqe.cli``, never the other way.
"""

from __future__ import annotations

__all__: list[str] = []
