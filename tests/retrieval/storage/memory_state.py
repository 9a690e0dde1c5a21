"""Holds the state of a bank in memory, and what both sessions and checks compute from it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from aqe.models.vector import Vector
from aqe.retrieval.storage.storage_values import StoredPattern
from aqe.retrieval.storage.use_summary import AgentCount, UseSummary
from aqe.retrieval.text.minhash import signature
from aqe.retrieval.text.pattern_text import body_of
from aqe.retrieval.text.tokens import split_words
from aqe.schema import (
    EncoderIdentity,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    Provenance,
    TestPattern,
    agent_key,
)


class Derived(NamedTuple):
    """What follows from the content of a pattern."""

    words: Counter[str]
    signature: bytes


class Embedding(NamedTuple):
    vector: Vector
    text_hash: str


@dataclass
class State:
    """All that a commit leaves behind; rows are in the order of age."""

    commits: int = 0
    last_key: int = 0
    encoder: EncoderIdentity | None = None
    rows: dict[int, StoredPattern] = field(default_factory=dict)
    derived: dict[int, Derived] = field(default_factory=dict)
    embeddings: dict[tuple[EncoderIdentity, int], Embedding] = field(default_factory=dict)
    counts: dict[tuple[int, str, str], AgentCount] = field(default_factory=dict)
    uses: list[tuple[int, PatternUsageContext]] = field(default_factory=list)
    projects: dict[str, str] = field(default_factory=dict)
    settled: dict[str, datetime] = field(default_factory=dict)
    versions: list[tuple[int, PatternVersion, Provenance]] = field(default_factory=list)

    def next(self) -> State:
        """Returns a copy to change; the values themselves are immutable."""
        copied = {
            name: value.copy() for name, value in vars(self).items() if hasattr(value, "copy")
        }
        return replace(self, commits=self.commits + 1, **copied)


def derived_of(pattern: TestPattern) -> Derived:
    text = " ".join((pattern.name, pattern.description, *pattern.tags, pattern.code))
    return Derived(Counter(split_words(text)), signature(body_of(pattern)))


def counted(pattern: TestPattern, summary: UseSummary) -> TestPattern:
    uses = summary.usage_count
    rate = summary.success_count / uses if uses else None
    return replace(pattern, quality=summary.quality, usage_count=uses, success_rate=rate)


def folded(tags: Iterable[str]) -> set[str]:
    return {tag.casefold() for tag in tags}


def meets(pattern: TestPattern, criteria: PatternSearchCriteria) -> bool:
    return (
        criteria.category in (None, pattern.category)
        and criteria.framework in (None, pattern.framework)
        and criteria.language in (None, pattern.language)
        and criteria.project in ("", pattern.project)
        and pattern.confidence >= criteria.min_confidence
        and pattern.quality >= criteria.min_quality
        and folded(criteria.tags) <= folded(pattern.tags)
    )


def is_by(author: Provenance, agent_id: str, run_id: str) -> bool:
    agent = agent_key(agent_id)
    is_agent = agent != "" and agent_key(author.agent_id) == agent
    return is_agent or (run_id != "" and author.run_id == run_id)


def checked(embedding: Vector, dimension: int) -> Vector:
    norm = float(np.linalg.norm(embedding))
    is_float32 = embedding.dtype == np.float32 and embedding.shape == (dimension,)
    if not (is_float32 and 1e-6 <= norm < math.inf):
        raise ValueError(
            f"embedding must be float32 of shape ({dimension},) with a direction, got"
            f" {embedding.dtype} {embedding.shape} of norm {norm}"
        )
    return embedding


def best_keys(scores: Mapping[int, float], depth: int) -> list[int]:
    return sorted(scores, key=lambda key: (-scores[key], key))[:depth]


def mean(values: Collection[float]) -> float | None:
    return sum(values) / len(values) if values else None


def groups(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda group: (-group[1], group[0])))
