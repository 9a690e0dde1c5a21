"""Scores a candidate by rules: preferences met, evidence and quality."""

from __future__ import annotations

from collections.abc import Iterable

from ...schema import PatternSearchContext
from ..storage.storage_values import CandidateFacts
from ..text.tokens import query_terms
from .ranking_tuning import RankingTuning

__all__ = ["Rules"]


class Rules:
    """The rules that apply to a context; preferences that it does not state are left out.

    Attributes:
        has_preferences: Whether the context prefers anything.
        keywords: The distinct words of the context's keywords.
    """

    def __init__(self, context: PatternSearchContext, tuning: RankingTuning) -> None:
        self._tuning = tuning
        self.context = context
        self._kind = set(query_terms(context.code_type)) if context.code_type else set()
        self.keywords: set[str] = words_of(*context.keywords) if context.keywords else set()
        self.has_preferences = bool(
            context.language or context.framework or self._kind or self.keywords
        )

    def score(self, candidate: CandidateFacts) -> float:
        """Returns the weighted mean of the rules that apply, 0..1."""
        tuning = self._tuning
        total = (
            tuning.evidence_weight * candidate.evidence + tuning.quality_weight * candidate.quality
        )
        weight = tuning.evidence_weight + tuning.quality_weight
        if self.has_preferences:
            for rule_weight, value in self._preferences(candidate):
                total += rule_weight * value
                weight += rule_weight
        return total / weight

    def _preferences(self, candidate: CandidateFacts) -> Iterable[tuple[float, float]]:
        context, tuning = self.context, self._tuning
        if context.language is not None:
            yield tuning.language_weight, float(candidate.language == context.language)
        if context.framework is not None:
            yield tuning.framework_weight, float(candidate.framework == context.framework)
        if self._kind:
            present = words_of(candidate.category, candidate.tags)
            yield tuning.category_weight, len(self._kind & present) / len(self._kind)
        if self.keywords:
            present = words_of(candidate.name, candidate.tags)
            yield tuning.keyword_weight, len(self.keywords & present) / len(self.keywords)


def words_of(*texts: str) -> set[str]:
    """Returns the distinct words of the texts, split like queries."""
    return {word for text in texts for word in query_terms(text)}
