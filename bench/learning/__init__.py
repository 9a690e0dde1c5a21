"""Scores the Q-learning core on Gymnasium's tabular environments (``aqe bench learning``)."""

from __future__ import annotations

__all__: list[str] = []
