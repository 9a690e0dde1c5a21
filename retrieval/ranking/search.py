"""Searches the bank: finds candidates, scores, fuses, groups and explains them.

The whole flow is on this page. The storage backend finds the candidates of both legs, filters
applied; ``query_fit`` and ``rules`` score them, ``fusion`` adds the scores up; near-duplicates are
grouped, and ``reasons`` explains each match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from ...models import QueryEmbedding
from ...schema import TRUSTED, PatternMatch, PatternSearchContext, PatternSearchCriteria
from ...schema.records.validation import require_type
from ..storage.backend import PatternReader
from ..storage.storage_values import Candidates, SearchMode, SearchQuery, StoredPattern
from ..text.minhash import group
from ..text.pattern_text import context_query
from ..text.tokens import query_terms
from .fusion import Fused, fuse
from .query_fit import query_fit
from .ranking_tuning import RankingTuning
from .reasons import match_reasons, standing_reasons, use_reasons
from .rules import Rules

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


class ChosenAnswers(NamedTuple):
    """The answers to show, each with the ids of the near-duplicates that it stands for.

    ``crowded``: near-duplicates are shown, since there are too few other answers.
    """

    answers: list[tuple[Fused, tuple[str, ...]]]
    crowded: bool


def search(
    session: PatternReader, request: SearchRequest, query: SearchQuery, tuning: RankingTuning
) -> list[PatternMatch]:
    """Returns the matches, best first; by evidence if the query has no terms."""
    if query.embedding is None and not query.terms:
        return _by_evidence(session, request)
    rules = Rules(request.context, tuning)
    depth = max(tuning.candidates_per_leg, request.limit)
    for look in (depth, min(tuning.deeper * depth, MAX_LIMIT)):
        candidates = session.candidates(query, request.criteria, depth=look, limit=request.limit)
        fused = rank_candidates(candidates, query, rules, tuning)
        chosen = _chosen(fused, candidates, request, tuning)
        if candidates.is_all or not chosen.crowded:
            break
    patterns = session.patterns_of([answer.key for answer, _ in chosen.answers])
    answers = [
        chosen_answer for chosen_answer in chosen.answers if chosen_answer[0].key in patterns
    ]
    return [
        PatternMatch(
            pattern=patterns[answer.key],
            rank=rank,
            score=answer.score,
            vector_score=answer.vector_score,
            text_score=answer.text_score,
            rule_score=answer.rule_score,
            reasons=match_reasons(
                answer, patterns[answer.key], candidates.facts[answer.key], query.terms, rules
            ),
            near_duplicates=repeats,
        )
        for rank, (answer, repeats) in enumerate(answers, start=1)
    ]


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

    def tier(answer: Fused) -> tuple[int, bool]:
        return facts[answer.key].gone, facts[answer.key].trust != TRUSTED

    return sorted(fused, key=tier)


def _chosen(
    fused: Sequence[Fused], candidates: Candidates, request: SearchRequest, tuning: RankingTuning
) -> ChosenAnswers:
    """Returns the answers to show, best first.

    Near-duplicates are grouped only while there are other answers to show instead: grouping never
    makes the answer shorter than the limit.
    """
    grouped = request.group and request.limit <= tuning.max_grouped
    if not grouped or len(fused) <= request.limit:
        return ChosenAnswers([(answer, ()) for answer in fused[: request.limit]], False)
    facts = candidates.facts
    groups = group([facts[answer.key].signature for answer in fused], request.limit)
    free = request.limit - len(groups)
    shown = set(sorted(chain.from_iterable(groups.values()))[:free])
    answers = []
    for place in sorted({*groups, *shown}):
        hidden = [repeat for repeat in groups.get(place, ()) if repeat not in shown]
        answers.append((fused[place], tuple(facts[fused[repeat].key].id for repeat in hidden)))
    return ChosenAnswers(answers, free > 0)


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
    return [replace(match, rank=rank) for rank, match in enumerate(others, start=1)]


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
