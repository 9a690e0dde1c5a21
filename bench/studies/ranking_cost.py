"""Compares the cost of the ranking with that of a plain convex combination.

Run: ``python -m aqe.bench.studies.ranking_cost``.

In one bank of generated patterns the whole look-up and the legs and fusion of both are timed in
turns. The rest of a look-up (rows, near-duplicates, reasons) is the same with either, so a look-up
with the plain combination takes the time of ours, less our legs and fusion, plus its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ...models import QueryEmbedding, embed_query
from ...retrieval import QEReasoningBank, RankingTuning
from ...schema import Database, PatternSearchCriteria
from ..latency.latency_rows import Key, LatencyTimes
from ..workload.generated_encoder import GeneratedEncoder, fill_bank
from ..workload.generated_patterns import SEED, PatternGenerator
from ..workload.ranking_legs import RankingLegs, ranked_rows
from .ablation import convex_combination

__all__ = ["measure_ranking_cost"]

WARM_UP = 50
LOOKUP: Final[Key] = ("aqe", "lookup", "none")
OURS: Final[Key] = ("aqe", "legs and fusion", "none")
CONVEX: Final[Key] = ("convex", "legs and fusion", "none")


def measure_ranking_cost(
    patterns: int = 10_000, *, queries: int = 500, seed: int = SEED
) -> dict[str, float]:
    """Returns p50 and p95 in ms of a look-up with either ranking, embedding given, and the growth.

    Args:
        patterns: Patterns in the bank.
        queries: Distinct queries that count; some more before them only warm up.
    """
    generator = PatternGenerator(patterns, seed=seed)
    asked = generator.queries(queries + WARM_UP)
    encoder = GeneratedEncoder(generator, asked)
    times = LatencyTimes()
    with (
        tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder,
        Database(Path(folder, "aqe.db"), durability="normal") as database,
        QEReasoningBank(database, encoder=encoder) as bank,
    ):
        fill_bank(bank, generator, encoder)
        legs = RankingLegs(bank)
        for number, query in enumerate(asked):
            embedding = embed_query(encoder, query.text)
            times.time(LOOKUP, partial(bank.search, query.text))
            turns = ((OURS, _ours), (CONVEX, _convex))
            for key, way in turns if number % 2 else reversed(turns):
                times.time(key, partial(way, legs, query.text, embedding))
    lookup, ours, convex = (np.array(times.ms[key][WARM_UP:]) for key in (LOOKUP, OURS, CONVEX))
    figures = {}
    for share in (50, 95):
        ours_ms = float(np.percentile(lookup, share))
        convex_ms = float(np.percentile(lookup - ours + convex, share))
        figures[f"p{share}_ms"] = ours_ms
        figures[f"convex_p{share}_ms"] = convex_ms
        figures[f"growth_p{share}"] = ours_ms / convex_ms - 1
    return figures


def _ours(legs: RankingLegs, text: str, embedding: QueryEmbedding) -> None:
    ranked_rows(legs.scores(text, embedding))


def _convex(legs: RankingLegs, text: str, embedding: QueryEmbedding) -> None:
    criteria = PatternSearchCriteria()
    cosines = legs.vector(embedding.whole, RankingTuning().candidates_per_leg, criteria)
    bm25 = legs.text(text, RankingTuning().candidates_per_leg, criteria)
    fused = convex_combination(cosines, bm25)
    sorted(fused, key=lambda key: (-fused[key], key))


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="aqe.bench.studies.ranking_cost")
    parser.add_argument("--patterns", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=500)
    given = parser.parse_args(arguments)
    if min(given.patterns, given.queries) < 1:
        parser.error("--patterns and --queries must be at least 1")
    figures = measure_ranking_cost(given.patterns, queries=given.queries)
    rounded = {name: round(figure, 3) for name, figure in figures.items()}
    sys.stdout.write(msgspec.json.encode(rounded).decode() + "\n")


if __name__ == "__main__":
    main()
