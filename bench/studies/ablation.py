"""Measures the contribution of each part of the ranking.

Run: ``python -m aqe.bench.studies.ablation SET:FIELD …``.

Each set is a folder in BEIR layout, its field ``description`` or ``template``. All systems rank the
same bank; nDCG@10 is over the queries that the weight was not tuned on (``ranking_weight``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...models import (
    Encoder,
    QueryEmbedding,
    embed_query,
)
from ...models.vector import Vector
from ...retrieval import RankingTuning
from ...retrieval.ranking.query_fit import spreads_of, telling_pieces
from ...retrieval.storage.sqlite.text_index import match_expression
from ...retrieval.text.tokens import (
    STOP_WORDS,
    query_terms,
    split_words,
    weighted_terms,
)
from ...schema import PatternSearchCriteria
from ..quality.beir import JudgedSet
from ..quality.embedding_cache import CachedEncoder
from ..quality.judged_bank import DocumentField, open_judged_bank
from ..quality.retrieval_metrics import ndcg_at_10
from ..quality.retrieval_quality import RRF_K
from ..workload.ranking_legs import RankingLegs, Scores, SQLitePatternSession
from .ranking_weight import study_arguments, tuning_half

__all__ = ["SYSTEMS", "ablation_row", "convex_combination"]

TUNING = RankingTuning()
DEPTH = TUNING.candidates_per_leg
Weights = tuple[float, float, float, float]

# Weights of name, description, tags and code: the bank's; without the doubling that turns FTS5's
# k1 of 1.2 into 0.6; without the weight of names; FTS5's own.
OURS: Weights = (8.0, 2.0, 2.0, 2.0)
PLAIN_K1: Weights = (4.0, 1.0, 1.0, 1.0)
NAME_AS_ANY: Weights = (2.0, 2.0, 2.0, 2.0)
PLAIN: Weights = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class System:
    """A way to rank: its query terms, column weights and fusion."""

    fuse: Callable[[Scores, Scores], Scores]
    stop_words: bool = True
    digits_twice: bool = True
    spread: bool = False
    weights: Weights = OURS
    fill: bool = True


def _raw(cosines: Scores, bm25: Scores) -> Scores:
    keys = {*cosines, *bm25}
    return {key: cosines.get(key, 0.0) + TUNING.bm25_weight * bm25.get(key, 0.0) for key in keys}


def convex_combination(cosines: Scores, bm25: Scores) -> Scores:
    """The convex combination of Bruch et al. 2023, min-max over the candidates, 0.7 for vectors."""
    vector, text = _unit(cosines), _unit(bm25)
    keys = {*cosines, *bm25}
    return {key: 0.7 * vector.get(key, 0.0) + 0.3 * text.get(key, 0.0) for key in keys}


def _unit(scores: Scores) -> Scores:
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=1.0)
    return {key: (score - low) / ((high - low) or 1.0) for key, score in scores.items()}


def _reciprocal_ranks(cosines: Scores, bm25: Scores) -> Scores:
    fused: Scores = dict.fromkeys({*cosines, *bm25}, 0.0)
    for leg in (cosines, bm25):
        for rank, key in enumerate(sorted(leg, key=lambda key: (-leg[key], key)), start=1):
            fused[key] += 1 / (RRF_K + rank)
    return fused


SYSTEMS: dict[str, System] = {
    "ranking of the bank, rules aside": System(_raw, spread=True),
    "without the spread": System(_raw),
    "without the stop list": System(_raw, spread=True, stop_words=False),
    "without counting words with a digit twice": System(_raw, spread=True, digits_twice=False),
    "without k1 = 0.6": System(_raw, spread=True, weights=PLAIN_K1),
    "without the weight of names": System(_raw, spread=True, weights=NAME_AS_ANY),
    "without the missing BM25": System(_raw, spread=True, fill=False),
    "convex combination, 0.7": System(convex_combination),
    "plain convex combination, 0.7": System(
        convex_combination, stop_words=False, digits_twice=False, weights=PLAIN, fill=False
    ),
    "reciprocal rank fusion": System(_reciprocal_ranks, fill=False),
    "vectors alone": System(lambda cosines, bm25: cosines, fill=False),
    "text alone": System(lambda cosines, bm25: bm25, fill=False),
    "text alone, k1 = 1.2": System(lambda cosines, bm25: bm25, weights=PLAIN_K1, fill=False),
    "plain text alone": System(
        lambda cosines, bm25: bm25,
        stop_words=False,
        digits_twice=False,
        weights=PLAIN,
        fill=False,
    ),
}


def ablation_row(
    judged: JudgedSet, field: DocumentField, encoder: Encoder, cache: Path
) -> dict[str, float]:
    """Returns the mean nDCG@10 of each system."""
    with open_judged_bank(judged, field=field, encoder=CachedEncoder(encoder, cache)) as bank:
        legs = RankingLegs(bank.bank)
        documents = legs.sources()
        rankings: dict[str, dict[str, list[str]]] = {name: {} for name in SYSTEMS}
        for id, text in judged.queries.items():
            query = embed_query(encoder, text)
            with legs.reading() as session:
                cosines = session.vector_candidates(query.whole, DEPTH, PatternSearchCriteria())
                for name, system in SYSTEMS.items():
                    scores = system.fuse(*_legs(session, system, text, cosines, query.whole))
                    if system.spread:
                        scores = _less_spread(session, scores, query)
                    best = sorted(scores, key=lambda key: (-scores[key], key))[:10]
                    rankings[name][id] = [documents[key] for key in best]
    return {name: _mean(found, judged) for name, found in rankings.items()}


def _less_spread(session: SQLitePatternSession, scores: Scores, query: QueryEmbedding) -> Scores:
    found, vectors = session.vectors.unit_vectors(sorted(scores))
    spreads = spreads_of(found, vectors, telling_pieces(query))
    return {
        key: score - TUNING.spread_weight * spreads.get(key, 0.0) for key, score in scores.items()
    }


def _legs(
    session: SQLitePatternSession, system: System, text: str, cosines: Scores, embedding: Vector
) -> tuple[Scores, Scores]:
    terms = query_terms(text) if system.stop_words else list(dict.fromkeys(split_words(text)))
    if not terms:
        return dict(cosines), {}
    if system.digits_twice:
        terms = weighted_terms(terms)
    bm25 = _bm25(session, terms, system.weights)
    if not system.fill:
        return dict(cosines), bm25
    missing = session.vectors.embeddings([key for key in bm25 if key not in cosines])
    known = dict(cosines) | {key: float(vector @ embedding) for key, vector in missing.items()}
    return known, bm25 | _bm25(session, terms, system.weights, [k for k in known if k not in bm25])


def _bm25(
    session: SQLitePatternSession,
    terms: Sequence[str],
    weights: Weights,
    rowids: Sequence[int] | None = None,
) -> Scores:
    among = "" if rowids is None else " and +rowid in (select value from json_each(:rowids))"
    rows = session.connection.execute(
        "select rowid, bm25(patterns_fts, :name, :description, :tags, :code) as score"
        f" from patterns_fts where patterns_fts match :expression{among}"
        " order by score, rowid limit :depth",
        {
            **dict(zip(("name", "description", "tags", "code"), weights, strict=True)),
            "expression": match_expression(list(terms)),
            "rowids": str(list(rowids or ())),
            "depth": DEPTH if rowids is None else len(rowids),
        },
    )
    return {rowid: -score for rowid, score in rows}


def _mean(rankings: Mapping[str, Sequence[str]], judged: JudgedSet) -> float:
    return float(ndcg_at_10(rankings, judged.judgements).mean())


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table of systems and sets."""
    given = study_arguments("aqe.bench.studies.ablation", arguments)
    columns = {}
    for whole, field in given.sets:
        judged = tuning_half(whole, checking=True)
        name = f"{judged.name} ({len(judged.queries)})"
        columns[name] = ablation_row(judged, field, given.encoder, given.cache)
    lines = [f"| nDCG@10 | {' | '.join(columns)} | mean |", "|---|" + "---:|" * (len(columns) + 1)]
    for system in SYSTEMS:
        values = [column[system] for column in columns.values()]
        cells = [f"{value:.4f}" for value in (*values, float(np.mean(values)))]
        lines.append(f"| {system} | {' | '.join(cells)} |")
    sys.stdout.write("\n".join(lines) + f"\n\nstop words: {len(STOP_WORDS)}\n")


if __name__ == "__main__":
    main()
