"""Defines the measured constants of the ranking."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RankingTuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingTuning:
    """Weights and depths of a search; chosen in bench/results/ranking.md.

    Attributes:
        candidates_per_leg: 20, 50, 100 and 200 gave the same nDCG@10.
        deeper: How many times deeper a second look goes when copies of few tests are all that the
            first one found.
        bm25_weight: Fitted on prose, code search and test suites together, with two encoders;
            with one of them left out in turn, 0.011 to 0.013.
        spread_weight: Chosen on the same sets and encoders.
        rule_weight: Share of what is known besides words and meaning: between a pattern that
            proved itself and an unused one (evidence 0.75 and 0.4) it makes 0.034, about the
            distance of neighbouring answers.
        preference_rule_weight: With preferences, more rules share the weight; evidence keeps its
            part, and a stated language or framework makes 0.07.
        language_weight, framework_weight, keyword_weight, category_weight: A stated preference
            counts more than what holds of a pattern in general. The order follows how much a
            mismatch costs the re-user: another language is a rewrite, another framework an edit.
        evidence_weight, quality_weight: Rules that always apply.
        max_grouped: A page of answers is grouped; a larger limit asks for a list, and the cost of
            comparing grows with its square.
    """

    candidates_per_leg: int = 30
    deeper: int = 8
    bm25_weight: float = 0.0118
    spread_weight: float = 0.35
    rule_weight: float = 0.12
    preference_rule_weight: float = 0.27
    language_weight: float = 3.0
    framework_weight: float = 3.0
    keyword_weight: float = 2.0
    category_weight: float = 1.0
    evidence_weight: float = 4.0
    quality_weight: float = 1.0
    max_grouped: int = 200
