"""Defines the measured weights and depths of the ranking."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RankingTuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingTuning:
    """Weights and depths of a search; chosen in bench/results/ranking.md.

    Attributes:
        candidates_per_leg: 20, 50, 100 and 200 gave the same nDCG@10.
        deeper: Factor on that depth for each further look, which a large limit takes, or a first
            look that found little but copies of a few tests.
        bm25_weight: Fitted on prose, code search and test suites together, with two encoders;
            leaving out one at a time gave 0.011 to 0.013.
        spread_weight: Fitted on the same sets and encoders.
        rule_weight: Weight of the rule score. A proven pattern (evidence 0.75) gains 0.034 over
            an unused one (0.4), about the distance between neighbouring answers.
        preference_rule_weight: The same when the context has preferences, so that more rules share
            it: evidence keeps its influence, and a matching language or framework gains 0.07.
        language_weight, framework_weight, keyword_weight, category_weight: Preferences weigh more
            than the general rules, in the order of what a mismatch costs: another language means
            a rewrite, another framework an edit.
        evidence_weight, quality_weight: Weights of the rules that always apply.
        grouped_depth: Looks up to this depth group near-duplicates.
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
    grouped_depth: int = 240

    def looks(self, max_depth: int) -> list[int]:
        """Returns the depths to which a search may look in turn, the last being ``max_depth``."""
        depths = [self.candidates_per_leg]
        while depths[-1] < max_depth:
            depths.append(min(self.deeper * depths[-1], max_depth))
        return depths
