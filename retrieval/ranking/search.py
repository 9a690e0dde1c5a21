"""One search: candidates of both legs after the filters, fused with the rules, explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from ...models import QueryEmbedding
from ...schema import PatternMatch, PatternSearchContext, PatternSearchCriteria, TestPattern
from ..storage.sqlite import CandidateRow, PatternSession, StoredPattern, dot_products
from ..text.minhash import group
from ..text.pattern_text import code_of
from ..text.tokens import has_words, query_terms, words_in
from ..usage.trust import UNPROVEN
from .fusion import PREFERENCE_RULE_WEIGHT, RULE_WEIGHT, Fused, fuse
from .query_fit import spreads_of, telling_pieces
from .rules import Rules

__all__ = [
    "LegScores",
    "SearchMode",
    "SearchRequest",
    "leg_scores",
    "search",
    "search_similar",
]

SearchMode = Literal["hybrid", "vector", "text"]

# Candidates of each leg; 20, 50, 100 and 200 gave the same nDCG@10 (bench/results/ranking.md).
CANDIDATES_PER_LEG = 30
# How much deeper a second look goes when copies of few tests are all that the first one brought.
DEEPER = 8
# The most that vec0 ranks (RELIABILITY section 2).
MAX_DEPTH = 4096
# In reasons: as many words as fit a line.
MAX_REASON_WORDS = 5
# Of the code that reasons look at; a longer test is rare and would cost as much as the search.
MAX_REASON_CHARS = 2_000
# A page of answers is grouped; whoever asks for more wants a list, and comparing grows squared.
MAX_GROUPED = 200
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
    group: bool = True


def search(
    session: PatternSession, request: SearchRequest, query: QueryEmbedding | None
) -> list[PatternMatch]:
    """Returns the best answers, best first.

    Args:
        query: The query as the bank's encoder reads it; None leaves the vector leg out.
    """
    if query is None and not has_words(request.query):
        return _by_evidence(session, request)
    terms = query_terms(request.query) if request.mode != "vector" else []
    rules = Rules(request.context)
    depth = _depth(session, request)
    for look in (depth, min(DEEPER * depth, MAX_DEPTH)):
        scores = leg_scores(session, request, terms, query, look)
        fused, candidates = _ranked(session, request, rules, scores)
        chosen, crowded = _chosen(fused, candidates, request)
        if not crowded or len(fused) < look:  # enough to show, or nothing deeper
            break
    patterns = session.rows.get_by_rowid([one.key for one, _ in chosen])
    return [
        PatternMatch(
            pattern=patterns[one.key],
            rank=rank,
            score=one.score,
            vector_score=one.vector_score,
            text_score=one.text_score,
            rule_score=one.rule_score,
            reasons=(
                *_leg_reasons(one, patterns[one.key], terms),
                *rules.reasons(candidates[one.key]),
                *_use_reasons(patterns[one.key]),
                *_trust_reasons(candidates[one.key]),
            ),
            near_duplicates=repeats,
        )
        for rank, (one, repeats) in enumerate(chosen, start=1)
    ]


class LegScores(NamedTuple):
    """What the legs say of the candidates, by row number.

    Attributes:
        cosines: Of the query to the candidate; missing where nothing was embedded.
        bm25: Missing where the candidate has none of the words.
        spreads: How unevenly the candidate fits the pieces of the query (spread.py).
    """

    cosines: dict[int, float]
    bm25: dict[int, float]
    spreads: dict[int, float]


def leg_scores(
    session: PatternSession,
    request: SearchRequest,
    terms: Sequence[str],
    query: QueryEmbedding | None,
    depth: int = CANDIDATES_PER_LEG,
) -> LegScores:
    """Returns the scores of the best candidates of each leg; what one brought the other scores."""
    if query is None or request.mode == "text":
        words = session.text.alone()
        bm25 = words.candidates(terms, depth, request.criteria, least=request.limit)
        return LegScores({}, bm25, {})
    cosines = session.vectors.candidates(query.whole, depth, request.criteria)
    if request.mode == "vector":
        return LegScores(cosines, {}, {})
    bm25 = session.text.candidates(terms, depth, request.criteria, others=cosines)
    keys, vectors = session.vectors.unit_vectors(sorted({*cosines, *bm25}))
    unit = query.whole / np.linalg.norm(query.whole)
    cosines = dict(zip(keys, dot_products(vectors, unit).tolist(), strict=True))
    return LegScores(cosines, bm25, spreads_of(keys, vectors, telling_pieces(query)))


def _depth(session: PatternSession, request: SearchRequest) -> int:
    """Returns how many candidates each leg brings at first."""
    depth = max(CANDIDATES_PER_LEG, request.limit)
    # Past the unproven, so that many of them cannot push out what is trusted (trust.py).
    return min(depth + session.trust.unproven(), MAX_DEPTH)


def _ranked(
    session: PatternSession,
    request: SearchRequest,
    rules: Rules,
    scores: LegScores,
) -> tuple[list[Fused], dict[int, CandidateRow]]:
    """Returns the candidates, best first and the unproven last, and their rows."""
    keys = sorted({*scores.cosines, *scores.bm25})
    candidates = session.rows.candidates(keys)
    fused = fuse(
        keys,
        scores.cosines,
        scores.bm25,
        {key: rules.score(candidates[key]) for key in keys},
        spreads=scores.spreads,
        rule_weight=_rule_weight(request, rules),
    )
    return sorted(fused, key=lambda one: candidates[one.key].trust == UNPROVEN), candidates


def _rule_weight(request: SearchRequest, rules: Rules) -> float:
    """Returns the weight of the rules; a search by one leg is that leg alone."""
    if request.mode != "hybrid":
        return 0.0
    return PREFERENCE_RULE_WEIGHT if rules.has_preferences else RULE_WEIGHT


def _chosen(
    fused: Sequence[Fused], candidates: Mapping[int, CandidateRow], request: SearchRequest
) -> tuple[list[tuple[Fused, tuple[str, ...]]], bool]:
    """Returns the answers to give, best first, with the ids of those that made room for them.

    Near-duplicates make room only while there is something else to show: no answer is lost that
    the limit has a place for. Also returns whether repeats are shown for want of others.
    """
    grouped = request.group and request.limit <= MAX_GROUPED
    if not grouped or len(fused) <= request.limit:
        return [(one, ()) for one in fused[: request.limit]], False
    groups = group([candidates[one.key].signature for one in fused], request.limit)
    free = request.limit - len(groups)
    shown = {place for place in sorted(p for repeats in groups.values() for p in repeats)[:free]}
    chosen = []
    for place in sorted({*groups, *shown}):
        hidden = [repeat for repeat in groups.get(place, ()) if repeat not in shown]
        ids = tuple(candidates[fused[repeat].key].id for repeat in hidden)
        chosen.append((fused[place], ids))
    return chosen, free > 0


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
        mode="vector" if embedding is not None and session.vectors.has_index else "text",
        group=False,  # near-duplicates of it are what is asked for
    )
    query = None if embedding is None else QueryEmbedding.without_pieces(embedding)
    matches = search(session, request, query)
    others = [match for match in matches if match.pattern.id != stored.pattern.id][:limit]
    return [replace(match, rank=rank) for rank, match in enumerate(others, start=1)]


def _by_evidence(session: PatternSession, request: SearchRequest) -> list[PatternMatch]:
    """Returns the patterns that meet the criteria: what is proven comes first."""
    found = session.rows.select(request.criteria, order="evidence", limit=request.limit)
    return [
        PatternMatch(
            pattern=stored.pattern,
            rank=rank,
            score=stored.evidence,
            vector_score=None,
            text_score=None,
            rule_score=stored.evidence,
            reasons=_use_reasons(stored.pattern) or ("not used yet",),
        )
        for rank, stored in enumerate(found, start=1)
    ]


def _successes(pattern: TestPattern) -> int:
    return round(pattern.success_rate * pattern.usage_count)


def _use_reasons(pattern: TestPattern) -> tuple[str, ...]:
    if not pattern.usage_count:
        return ()
    return (f"worked {_successes(pattern)} of {pattern.usage_count} times",)


def _trust_reasons(candidate: CandidateRow) -> tuple[str, ...]:
    return ("unproven: only its author vouches for it",) if candidate.trust == UNPROVEN else ()


def _leg_reasons(fused: Fused, pattern: TestPattern, terms: Sequence[str]) -> list[str]:
    """Returns what the legs found, in short phrases."""
    reasons = []
    if fused.vector_score is not None and fused.vector_score >= NOTABLE_COSINE:
        reasons.append(f"similar meaning ({fused.vector_score:.2f})")
    if fused.text_score is not None and (shared := _shared_words(pattern, terms)):
        reasons.append("words: " + ", ".join(shared))
    return reasons


def _shared_words(pattern: TestPattern, terms: Sequence[str]) -> list[str]:
    """Returns the query's words that the pattern holds, longest first: those say the most."""
    code = code_of(pattern)[:MAX_REASON_CHARS]
    text = " ".join((pattern.name, pattern.description, *pattern.tags, code))
    return sorted(words_in(text, terms), key=lambda word: (-len(word), word))[:MAX_REASON_WORDS]
