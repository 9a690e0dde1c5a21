"""The rule score: what is known of a pattern beside its words and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..schema import PatternSearchContext
from .storage import CandidateRow
from .words import query_terms

__all__ = ["RuleScore", "score_rules"]

# A stated preference counts more than what holds of a pattern in general. The order follows how
# much a mismatch costs the re-user: another language is a rewrite, another framework an edit.
LANGUAGE_WEIGHT = 3.0
FRAMEWORK_WEIGHT = 3.0
KEYWORD_WEIGHT = 2.0
CATEGORY_WEIGHT = 1.0
EVIDENCE_WEIGHT = 2.0
QUALITY_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class RuleScore:
    """The weighted mean of the rules that apply, 0..1, and the rules that spoke for it."""

    total: float
    parts: dict[str, float]


def score_rules(candidate: CandidateRow, context: PatternSearchContext) -> RuleScore:
    """Returns how well a candidate fits the preferences, and what is known in its favour.

    Rules that the context says nothing about do not count.
    """
    weighted: dict[str, tuple[float, float]] = {
        "evidence": (EVIDENCE_WEIGHT, candidate.evidence),
        "quality": (QUALITY_WEIGHT, candidate.quality),
    }
    if context.language is not None:
        weighted["language"] = (LANGUAGE_WEIGHT, float(candidate.language == context.language))
    if context.framework is not None:
        weighted["framework"] = (FRAMEWORK_WEIGHT, float(candidate.framework == context.framework))
    if context.code_type:
        weighted["category"] = (
            CATEGORY_WEIGHT,
            _overlap(query_terms(context.code_type), (candidate.category, *candidate.tags)),
        )
    if context.keywords:
        wanted = [term for keyword in context.keywords for term in query_terms(keyword)]
        weighted["keywords"] = (
            KEYWORD_WEIGHT,
            _overlap(wanted, (candidate.name, *candidate.tags)),
        )
    total = sum(weight * value for weight, value in weighted.values())
    return RuleScore(
        total / sum(weight for weight, _ in weighted.values()),
        {name: value for name, (_, value) in weighted.items()},
    )


def _overlap(wanted: Sequence[str], texts: Sequence[str]) -> float:
    """Returns the share of the wanted words that stand in the texts."""
    if not wanted:
        return 0.0
    present = {term for text in texts for term in query_terms(text)}
    return sum(word in present for word in wanted) / len(wanted)
