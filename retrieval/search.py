"""One search: candidates of both legs after the filters, fused with the rules, explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..schema import PatternMatch, PatternSearchContext, PatternSearchCriteria, TestPattern
from .evidence import evidence_of
from .fusion import PREFERENCE_RULE_WEIGHT, RULE_WEIGHT, Fused, fuse
from .pattern_text import code_of
from .rules import RuleScore, score_rules
from .storage import PatternSession, StoredPattern
from .words import all_words, query_terms

__all__ = ["SearchMode", "SearchRequest", "search", "search_similar"]

SearchMode = Literal["hybrid", "vector", "text"]
Vector = npt.NDArray[np.float32]

# Candidates of each leg: with 100, the best answers of either leg are judged by the other too.
CANDIDATES_PER_LEG = 100
# In reasons: as many words as fit a line.
MAX_REASON_WORDS = 5
# Below this a cosine of test code says little; measured on random pairs of tests.
NOTABLE_COSINE = 0.35


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What to search for, and how many answers to give."""

    query: str
    context: PatternSearchContext
    criteria: PatternSearchCriteria
    limit: int
    mode: SearchMode = "hybrid"


def search(
    session: PatternSession, request: SearchRequest, query_embedding: Vector | None
) -> list[PatternMatch]:
    """Returns the best answers, best first.

    Args:
        query_embedding: (dim,) unit vector; None leaves the vector leg out.
    """
    if not request.query:
        return _by_evidence(session, request)
    depth = max(CANDIDATES_PER_LEG, request.limit)
    terms = query_terms(request.query) if request.mode != "vector" else []
    bm25 = session.text.candidates(terms, depth, request.criteria)
    cosines: dict[int, float] = {}
    if query_embedding is not None and request.mode != "text":
        cosines = session.vectors.candidates(query_embedding, depth, request.criteria)
        if bm25:
            cosines = _with_missing_cosines(session, cosines, bm25, query_embedding)
            bm25 |= session.text.scores(terms, [key for key in cosines if key not in bm25])
    keys = sorted({*cosines, *bm25})
    candidates = session.rows.candidates(keys)
    rules = {key: score_rules(candidates[key], request.context) for key in keys}
    fused = fuse(
        keys,
        cosines,
        bm25,
        {key: rule.total for key, rule in rules.items()},
        rule_weight=_rule_weight(request.context),
    )[: request.limit]
    patterns = session.rows.get_by_rowid([one.key for one in fused])
    return [
        _match(rank, one, patterns[one.key], rules[one.key], terms)
        for rank, one in enumerate(fused, start=1)
    ]


def search_similar(
    session: PatternSession, stored: StoredPattern, limit: int
) -> list[PatternMatch]:
    """Returns the patterns nearest in meaning to a stored one, which is left out."""
    embedding = session.vectors.embeddings([stored.pattern_rowid]).get(stored.pattern_rowid)
    request = SearchRequest(
        query=code_of(stored.pattern),
        context=PatternSearchContext(),
        criteria=PatternSearchCriteria(),
        limit=limit + 1,
        mode="text" if embedding is None else "vector",
    )
    matches = search(session, request, embedding)
    others = [match for match in matches if match.pattern.id != stored.pattern.id][:limit]
    return [replace(match, rank=rank) for rank, match in enumerate(others, start=1)]


def _by_evidence(session: PatternSession, request: SearchRequest) -> list[PatternMatch]:
    """Returns the patterns that meet the criteria: what is proven comes first."""
    patterns = session.rows.select(request.criteria, order="evidence", limit=request.limit)
    matches = []
    for rank, pattern in enumerate(patterns, start=1):
        evidence = evidence_of(_successes(pattern), pattern.usage_count)
        matches.append(
            PatternMatch(
                pattern=pattern,
                rank=rank,
                score=evidence,
                vector_score=None,
                text_score=None,
                rule_score=evidence,
                reasons=_use_reasons(pattern) or ("not used yet",),
            )
        )
    return matches


def _successes(pattern: TestPattern) -> int:
    return round(pattern.success_rate * pattern.usage_count)


def _use_reasons(pattern: TestPattern) -> tuple[str, ...]:
    if not pattern.usage_count:
        return ()
    return (f"worked {_successes(pattern)} of {pattern.usage_count} times",)


def _with_missing_cosines(
    session: PatternSession,
    cosines: dict[int, float],
    bm25: dict[int, float],
    query_embedding: Vector,
) -> dict[int, float]:
    """Returns the cosines with those of candidates that only the text leg brought."""
    missing = [key for key in bm25 if key not in cosines]
    found = session.vectors.embeddings(missing)
    if not found:
        return cosines
    values = np.stack(list(found.values())) @ query_embedding
    return cosines | dict(zip(found, values.tolist(), strict=True))


def _rule_weight(context: PatternSearchContext) -> float:
    preferences = context.language or context.framework or context.keywords or context.code_type
    return PREFERENCE_RULE_WEIGHT if preferences else RULE_WEIGHT


def _match(
    rank: int, fused: Fused, pattern: TestPattern, rule: RuleScore, terms: Sequence[str]
) -> PatternMatch:
    return PatternMatch(
        pattern=pattern,
        rank=rank,
        score=fused.score,
        vector_score=fused.vector_score,
        text_score=fused.text_score,
        rule_score=fused.rule_score,
        reasons=tuple(_reasons(fused, pattern, rule, terms)),
    )


def _reasons(
    fused: Fused, pattern: TestPattern, rule: RuleScore, terms: Sequence[str]
) -> list[str]:
    """Returns why this answer is here, in short phrases."""
    reasons = []
    if fused.vector_score is not None and fused.vector_score >= NOTABLE_COSINE:
        reasons.append(f"similar meaning ({fused.vector_score:.2f})")
    if fused.text_score is not None and (shared := _shared_words(pattern, terms)):
        reasons.append("words: " + ", ".join(shared))
    if rule.parts.get("framework") == 1.0:
        reasons.append(f"framework {pattern.framework}")
    if rule.parts.get("language") == 1.0:
        reasons.append(f"language {pattern.language}")
    if rule.parts.get("keywords", 0.0) > 0:
        reasons.append("keywords in name or tags")
    return [*reasons, *_use_reasons(pattern)]


def _shared_words(pattern: TestPattern, terms: Sequence[str]) -> list[str]:
    """Returns the query's words that the pattern holds, longest first: those say the most."""
    text = " ".join((pattern.name, pattern.description, *pattern.tags, code_of(pattern)))
    present = all_words(text)
    shared = [term for term in terms if term in present and len(term) > 2]
    return sorted(shared, key=len, reverse=True)[:MAX_REASON_WORDS]
