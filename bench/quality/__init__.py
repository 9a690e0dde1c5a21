"""Measures how well the ranking finds what people judged relevant (``aqe bench quality``).

Judged data in BEIR layout (``beir``) goes into a real bank (``judged_bank``), its embeddings kept
between runs (``embedding_cache``); the bank's answers (``retrieval_quality``) are scored by
``retrieval_metrics``.
"""

from __future__ import annotations

__all__: list[str] = []
