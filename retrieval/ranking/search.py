"""Searches the bank: finds candidates, scores, fuses, groups and explains them.

The whole flow is on this page. The storage backend finds the candidates of both legs, filters
applied; ``query_fit`` and ``rules`` score them, ``fusion`` adds the scores up; ``answer_order``
groups near-duplicates and puts the answers in an order that no limit changes, and ``reasons``
explains each match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...models import QueryEmbedding
from ...schema import PatternMatch, PatternSearchContext, PatternSearchCriteria, TestPattern
from ...schema.records.validation import require_type
from ..storage.backend import PatternReader
from ..storage.storage_values import Candidates, SearchMode, SearchQuery, StoredPattern
from ..text.pattern_text import context_query
from ..text.tokens import query_terms
from .answer_order import AnswerOrder, standing_of
from .fusion import Fused, fuse
from .query_fit import query_fit
from .ranking_tuning import RankingTuning
from .reasons import match_reasons, standing_reasons, use_reasons
from .rules import Rules
from .strength import match_strength, query_words_in

__all__ = [
    "MAX_LIMIT",
    "SearchRequest",
    "rank_candidates",
    "search",
    "search_request",
    "search_similar",
]

# Upper bound of ``limit``.
MAX_LIMIT = 4096
_NO_PREFERENCES = PatternSearchContext()
_NO_CRITERIA = PatternSearchCriteria()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """The parameters of one search; the key of the answer cache."""

    text: str
    context: PatternSearchContext
    criteria: PatternSearchCriteria
    limit: int
    mode: SearchMode = "hybrid"
    group: bool = True


def search_request(
    context: PatternSearchContext | str,
    criteria: PatternSearchCriteria | None,
    limit: int,
    mode: SearchMode = "hybrid",
    *,
    group: bool = True,
) -> SearchRequest:
    """Returns the request for a query (a text, or a context with preferences) and filters.

    Raises:
        TypeError: The context or the criteria are of another type.
        ValueError: The mode is unknown, or context and criteria have different queries.
    """
    if mode not in ("hybrid", "vector", "text"):
        raise ValueError(f"mode must be hybrid, vector or text, got {mode!r}")
    if criteria is None:
        criteria = _NO_CRITERIA
    else:
        require_type("criteria", criteria, PatternSearchCriteria)
    if isinstance(context, str):
        text, context = context, _NO_PREFERENCES
    elif isinstance(context, PatternSearchContext):
        text = context_query(context)
    else:
        raise TypeError(
            f"context must be text or a PatternSearchContext, got {type(context).__name__}"
        )
    if criteria.query.strip() and criteria.query.strip() != text.strip():
        if text.strip():
            raise ValueError(
                f"context and criteria must have one query, got {text[:80]!r} and"
                f" {criteria.query[:80]!r}; leave one of them empty"
            )
        text = criteria.query
    return SearchRequest(text, context, criteria, limit, mode, group)


def require_limit(limit: int) -> None:
    """Requires that a limit is from 1 to 4096.

    Raises:
        ValueError: It is out of range, or not an int.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit must be from 1 to {MAX_LIMIT}, got {limit!r}")


def without_query(criteria: PatternSearchCriteria | None) -> PatternSearchCriteria:
    """Returns the criteria, after checking that they only filter.

    Raises:
        TypeError: They are of another type.
        ValueError: They have a query.
    """
    if criteria is None:
        return PatternSearchCriteria()
    require_type("criteria", criteria, PatternSearchCriteria)
    if criteria.query.strip():
        raise ValueError(
            f"criteria must have no query here, got {criteria.query[:80]!r}; search for it with"
            " find_pattern"
        )
    return criteria


def search(
    session: PatternReader, request: SearchRequest, query: SearchQuery, tuning: RankingTuning
) -> list[PatternMatch]:
    """Returns the matches, best first; by evidence if the query has no terms."""
    if query.embedding is None and not query.terms:
        return _by_evidence(session, request)
    rules = Rules(request.context, tuning)
    order = AnswerOrder(request.limit, grouped=request.group, tuning=tuning)
    for depth in tuning.looks(MAX_LIMIT):
        candidates = session.candidates(query, request.criteria, depth=depth)
        order.extend(rank_candidates(candidates, query, rules, tuning), candidates, depth)
        if order.is_complete:
            break
    patterns = session.patterns_of([answer.key for answer in order.answers])
    answers = [answer for answer in order.answers if answer.key in patterns]
    return [
        _match(answer, patterns[answer.key], rank, order, query, rules)
        for rank, answer in enumerate(answers, start=1)
    ]


def _match(
    answer: Fused,
    pattern: TestPattern,
    rank: int,
    order: AnswerOrder,
    query: SearchQuery,
    rules: Rules,
) -> PatternMatch:
    words = query_words_in(pattern, query.terms)
    strength = match_strength(
        pattern,
        query.terms,
        words,
        cosine=answer.vector_score,
        strong_cosine=query.strong_cosine,
    )
    return PatternMatch(
        pattern=pattern,
        rank=rank,
        score=answer.score,
        vector_score=answer.vector_score,
        text_score=answer.text_score,
        rule_score=answer.rule_score,
        strength=strength,
        reasons=match_reasons(answer, pattern, order.facts[answer.key], words, rules),
        near_duplicates=tuple(order.facts[key].id for key in order.hidden_behind(answer.key)),
    )


def rank_candidates(
    candidates: Candidates, query: SearchQuery, rules: Rules, tuning: RankingTuning
) -> list[Fused]:
    """Returns the candidates, best first; ties are broken by key.

    Unproven ones follow the others, and those whose test is gone follow both.
    """
    cosines: dict[int, float] = {}
    spreads: dict[int, float] = {}
    if query.embedding is not None and candidates.vectors is not None:
        cosines, spreads = query_fit(query.embedding, candidates.keys, candidates.vectors)
    facts = candidates.facts
    weight = tuning.preference_rule_weight if rules.has_preferences else tuning.rule_weight
    fused = fuse(
        sorted(facts),
        cosines,
        candidates.bm25,
        {key: rules.score(fact) for key, fact in facts.items()},
        spreads=spreads if query.mode == "hybrid" else {},
        rule_weight=weight if query.mode == "hybrid" else 0.0,
        tuning=tuning,
    )

    return sorted(fused, key=lambda answer: standing_of(facts[answer.key]))


def search_similar(
    session: PatternReader, stored: StoredPattern, limit: int, tuning: RankingTuning
) -> list[PatternMatch]:
    """Returns the patterns nearest in meaning to a stored one, without that one."""
    embedding = session.embedding(stored.key)
    text = stored.pattern.code
    query = SearchQuery(
        text,
        tuple(query_terms(text)),
        None if embedding is None else QueryEmbedding.without_pieces(embedding),
        "text" if embedding is None else "vector",
    )
    # Ungrouped: its near-duplicates are what the caller wants.
    request = SearchRequest(
        text, PatternSearchContext(), PatternSearchCriteria(), limit + 1, query.mode, group=False
    )
    matches = search(session, request, query, tuning)
    others = [match for match in matches if match.pattern.id != stored.pattern.id][:limit]
    # A stored pattern is no query: how near another one must be was not measured.
    return [replace(match, rank=rank, strength=None) for rank, match in enumerate(others, start=1)]


def _by_evidence(session: PatternReader, request: SearchRequest) -> list[PatternMatch]:
    """Returns the patterns that meet the criteria, highest evidence first, unproven ones last."""
    found = session.select(request.criteria, order="evidence", limit=request.limit)
    return [
        PatternMatch(
            pattern=stored.pattern,
            rank=rank,
            score=stored.evidence,
            vector_score=None,
            text_score=None,
            rule_score=stored.evidence,
            reasons=(
                *(use_reasons(stored.pattern) or ["not used yet"]),
                *standing_reasons(stored.pattern, stored.trust),
            ),
        )
        for rank, stored in enumerate(found, start=1)
    ]
