"""Studies of what a search answers: copies among the answers, and answers that fit nothing."""

from __future__ import annotations

__all__: list[str] = []
