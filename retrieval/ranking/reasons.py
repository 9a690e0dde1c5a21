"""Explains in short phrases why a pattern was found."""

from __future__ import annotations

from collections.abc import Collection

from ...schema import TRUSTED, PatternSearchContext, TestPattern
from ..storage.storage_values import CandidateFacts
from .fusion import Fused
from .rules import Rules, words_of

__all__ = ["match_reasons", "standing_reasons", "use_reasons"]

# As many words as fit on a line.
MAX_REASON_WORDS = 5
# Cosines below this are common between unrelated tests; measured on random pairs.
NOTABLE_COSINE = 0.35


def match_reasons(
    fused: Fused,
    pattern: TestPattern,
    facts: CandidateFacts,
    words: Collection[str],
    rules: Rules,
) -> tuple[str, ...]:
    """Returns the reasons: what the legs found, preferences met, uses, trust, in this order.

    Args:
        words: The words of the query that the pattern has.
    """
    reasons = []
    if fused.vector_score is not None and fused.vector_score >= NOTABLE_COSINE:
        reasons.append(f"similar meaning ({fused.vector_score:.2f})")
    if fused.text_score is not None and words:
        reasons.append("words: " + ", ".join(_most_specific(words)))
    if rules.has_preferences:
        reasons += _preference_reasons(facts, rules.context, rules.keywords)
    reasons += use_reasons(pattern)
    return (*reasons, *standing_reasons(pattern, facts.trust))


def standing_reasons(pattern: TestPattern, trust: str) -> list[str]:
    """Returns why a pattern ranks last: it is unproven, its test is gone; empty if neither."""
    reasons = [] if trust == TRUSTED else ["unproven: only its author vouches for it"]
    if pattern.gone_since is not None:
        reasons.append(f"gone: its project has no such test since {pattern.gone_since:%Y-%m-%d}")
    return reasons


def use_reasons(pattern: TestPattern) -> list[str]:
    """Returns how often the present content worked; empty while it is unused."""
    if pattern.success_rate is None:
        return []
    successes = round(pattern.success_rate * pattern.usage_count)
    return [f"worked {successes} of {pattern.usage_count} times"]


def _preference_reasons(
    facts: CandidateFacts, context: PatternSearchContext, keywords: set[str]
) -> list[str]:
    reasons = []
    if facts.framework == context.framework:
        reasons.append(f"framework {facts.framework}")
    if facts.language == context.language:
        reasons.append(f"language {facts.language}")
    if found := keywords & words_of(facts.name, facts.tags):
        reasons.append(f"keywords: {', '.join(sorted(found))}")
    return reasons


def _most_specific(words: Collection[str]) -> list[str]:
    """Returns the longest words, as the most specific."""
    return sorted(words, key=lambda word: (-len(word), word))[:MAX_REASON_WORDS]
