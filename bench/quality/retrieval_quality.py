"""Measures how well the bank finds what was judged relevant (``aqe bench quality``).

Four systems over one bank: its vector leg and its text leg alone, reciprocal rank fusion of these
two, and the bank's own ranking (``aqe``). nDCG@10 and MRR@10 are those of a search for ten;
recall@100 is that of a search for a hundred.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...models import Encoder
from ...retrieval import SearchMode
from .beir import JudgedSet
from .embedding_cache import CachedEncoder
from .judged_bank import DocumentField, JudgedBank, open_judged_bank
from .retrieval_metrics import (
    RESAMPLES,
    Values,
    compare,
    ndcg_at_10,
    recall_at_100,
    reciprocal_rank_at_10,
)

__all__ = ["SEED", "SYSTEMS", "measure_quality", "reciprocal_rank_fusion"]

SYSTEMS: Final = ("vector", "text", "rrf", "aqe")
SEED: Final = 20261123
SHALLOW, DEEP = 10, 100
# Cormack et al. 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning".
RRF_K = 60
WARM_UP_QUERIES = 5

_MODES: Final[dict[str, SearchMode]] = {"vector": "vector", "text": "text", "aqe": "hybrid"}


@dataclass(slots=True)
class _Answers:
    """The answers of one system and their times."""

    shallow: dict[str, list[str]] = field(default_factory=dict)
    deep: dict[str, list[str]] = field(default_factory=dict)
    times_ms: list[float] = field(default_factory=list)


def measure_quality(
    judged: JudgedSet,
    *,
    field: DocumentField,
    encoder: Encoder,
    cache: Path,
    database: Path | None = None,
    limit_queries: int | None = None,
    group: bool = True,
    seed: int = SEED,
    loaded: Callable[[int], None] | None = None,
    answered: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Returns the quality of each system on a judged set, ready for JSON.

    Args:
        field: Where the documents' text goes: ``description`` for prose, ``template`` for code.
        cache: Folder for the documents' embeddings.
        database: Where to keep the bank; by default a file that is deleted afterwards.
        limit_queries: Size of a sample of the queries, drawn by the seed.
        group: Whether near-identical patterns make room for others, as in a search by default.
        loaded: Called with the number of documents stored since the last call.
        answered: Called with the number of queries answered since the last call.

    Raises:
        AqeError: The bank holds other patterns, has no vector index, or ir-measures is missing.
    """
    if limit_queries is not None:
        judged = judged.sampled(limit_queries, seed=seed)
    cached = CachedEncoder(encoder, cache)
    with open_judged_bank(
        judged, field=field, encoder=cached, database=database, group=group, progress=loaded
    ) as bank:
        answers = _all_answers(bank, judged, answered)
        loading = bank.loading
    return {
        "dataset": judged.name,
        "field": field,
        "documents": len(judged.documents),
        "queries": len(judged.queries),
        "judgements": sum(len(judged.relevant(query)) for query in judged.queries),
        "encoder": encoder.name,
        "encoder_revision": encoder.revision,
        "grouped": group,
        "seed": seed,
        **_compared(answers, judged, seed),
        "load_documents_per_s": loading.stored / loading.duration_s,
        "load": {
            **asdict(loading),
            "embedded": cached.embedded,
            "embeddings_from_cache": cached.reused,
        },
        # 0 means that asking for more never changes the first ten.
        "top_10_changed_by_limit_100": sum(
            answers["aqe"].deep[query][:SHALLOW] != answers["aqe"].shallow[query]
            for query in judged.queries
        ),
    }


def _compared(answers: dict[str, _Answers], judged: JudgedSet, seed: int) -> dict[str, Any]:
    """Returns the measures of each system, and the gain of the ranking over the others."""
    values = {system: ndcg_at_10(answers[system].shallow, judged.judgements) for system in SYSTEMS}
    best = max(("vector", "text"), key=lambda leg: float(values[leg].mean()))
    return {
        "systems": {system: _system(answers[system], values[system], judged) for system in SYSTEMS},
        "gain_over_best_leg": {"leg": best, **_gain(values["aqe"], values[best], seed)},
        "gain_over_rrf": _gain(values["aqe"], values["rrf"], seed),
    }


def reciprocal_rank_fusion(rankings: Sequence[Sequence[str]], k: int = RRF_K) -> list[str]:
    """Returns the ids by the sum of 1 / (k + rank), best first; ties in order of appearance."""
    scores: defaultdict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, id in enumerate(ranking, start=1):
            scores[id] += 1 / (k + rank)
    return sorted(scores, key=lambda id: -scores[id])


def _all_answers(
    bank: JudgedBank, judged: JudgedSet, answered: Callable[[int], None] | None
) -> dict[str, _Answers]:
    """Returns each system's answers to each query; a repeated text is searched once."""
    answers = {system: _Answers() for system in SYSTEMS}
    by_text: defaultdict[str, list[str]] = defaultdict(list)
    for id, text in judged.queries.items():
        by_text[text].append(id)
    for text in list(by_text)[:WARM_UP_QUERIES]:
        for mode in _MODES.values():
            bank.search(f"{text} warm up", mode=mode)
    for number, (text, ids) in enumerate(by_text.items()):
        _ask(bank, text, ids, number, answers)
        if answered is not None:
            answered(len(ids))
    return answers


def _ask(
    bank: JudgedBank, text: str, ids: list[str], number: int, answers: dict[str, _Answers]
) -> None:
    """Asks each system in rotating order, so that none always starts with cold caches."""
    systems = list(_MODES)
    turn = number % len(systems)
    deep_ms = dict.fromkeys(systems, 0.0)
    for system in systems[turn:] + systems[:turn]:
        mode = _MODES[system]
        shallow, took_ms = _timed(partial(bank.search, text, mode=mode, limit=SHALLOW))
        answers[system].times_ms.append(took_ms)
        deep, deep_ms[system] = _timed(partial(bank.search, text, mode=mode, limit=DEEP))
        for id in ids:
            answers[system].shallow[id], answers[system].deep[id] = shallow, deep
    legs = [answers[leg].deep[ids[0]] for leg in ("vector", "text")]
    fused, took_ms = _timed(partial(reciprocal_rank_fusion, legs))
    answers["rrf"].times_ms.append(deep_ms["vector"] + deep_ms["text"] + took_ms)
    for id in ids:
        answers["rrf"].shallow[id], answers["rrf"].deep[id] = fused[:SHALLOW], fused[:DEEP]


def _timed(search: Callable[[], list[str]]) -> tuple[list[str], float]:
    started = time.perf_counter()
    found = search()
    return found, (time.perf_counter() - started) * 1000


def _system(answers: _Answers, ndcg: Values, judged: JudgedSet) -> dict[str, float]:
    p50_ms, p95_ms = np.percentile(answers.times_ms, (50, 95)).tolist()
    return {
        "ndcg@10": float(ndcg.mean()),
        "mrr@10": float(reciprocal_rank_at_10(answers.shallow, judged.judgements).mean()),
        "recall@100": float(recall_at_100(answers.deep, judged.judgements).mean()),
        "p50_ms": p50_ms,
        "p95_ms": p95_ms,
    }


def _gain(ours: Values, theirs: Values, seed: int) -> dict[str, Any]:
    difference = compare(ours, theirs, seed=seed)
    return {
        "ndcg@10": difference.mean,
        "relative": difference.relative,
        "interval": list(difference.interval),
        "resamples": RESAMPLES,
    }
