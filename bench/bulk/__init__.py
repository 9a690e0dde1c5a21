"""Measures how fast suites are extracted into a bank (``aqe bench bulk``)."""

from __future__ import annotations

__all__: list[str] = []
