"""The rule score: what is known of a pattern beside its words and meaning."""

from __future__ import annotations

from collections.abc import Iterable

from ...schema import PatternSearchContext
from ..storage.sqlite import CandidateRow
from ..text.tokens import query_terms

__all__ = ["Rules"]

# A stated preference counts more than what holds of a pattern in general. The order follows how
# much a mismatch costs the re-user: another language is a rewrite, another framework an edit.
LANGUAGE_WEIGHT = 3.0
FRAMEWORK_WEIGHT = 3.0
KEYWORD_WEIGHT = 2.0
CATEGORY_WEIGHT = 1.0
EVIDENCE_WEIGHT = 4.0
QUALITY_WEIGHT = 1.0


class Rules:
    """The rules that a context calls for; those that it says nothing about do not count."""

    def __init__(self, context: PatternSearchContext) -> None:
        self._context = context
        self._kind = set(query_terms(context.code_type))
        self._keywords = {word for keyword in context.keywords for word in query_terms(keyword)}

    @property
    def has_preferences(self) -> bool:
        """Returns whether the context prefers anything."""
        return bool(
            self._context.language or self._context.framework or self._kind or self._keywords
        )

    def score(self, candidate: CandidateRow) -> float:
        """Returns the weighted mean of the rules that apply, 0..1."""
        total = EVIDENCE_WEIGHT * candidate.evidence + QUALITY_WEIGHT * candidate.quality
        weight = EVIDENCE_WEIGHT + QUALITY_WEIGHT
        if self.has_preferences:
            for rule_weight, value in self._preferences(candidate):
                total += rule_weight * value
                weight += rule_weight
        return total / weight

    def reasons(self, candidate: CandidateRow) -> list[str]:
        """Returns the preferences that the candidate meets, in words."""
        reasons = []
        if candidate.framework == self._context.framework:
            reasons.append(f"framework {candidate.framework}")
        if candidate.language == self._context.language:
            reasons.append(f"language {candidate.language}")
        if self._keywords:
            found = self._keywords & _words(candidate.name, candidate.tags)
            reasons += [f"keywords: {', '.join(sorted(found))}"] if found else []
        return reasons

    def _preferences(self, candidate: CandidateRow) -> Iterable[tuple[float, float]]:
        context = self._context
        if context.language is not None:
            yield LANGUAGE_WEIGHT, float(candidate.language == context.language)
        if context.framework is not None:
            yield FRAMEWORK_WEIGHT, float(candidate.framework == context.framework)
        if self._kind:
            yield CATEGORY_WEIGHT, _share(self._kind, _words(candidate.category, candidate.tags))
        if self._keywords:
            yield KEYWORD_WEIGHT, _share(self._keywords, _words(candidate.name, candidate.tags))


def _words(*texts: str) -> set[str]:
    return {word for text in texts for word in query_terms(text)}


def _share(wanted: set[str], present: set[str]) -> float:
    return len(wanted & present) / len(wanted)
