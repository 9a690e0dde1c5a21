"""Times each operation of the bank and of the yardsticks in turns, on the same data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ...models import Encoder
from ...retrieval import QEReasoningBank
from ...schema import PatternSearchCriteria
from ..workload.generated_encoder import GeneratedEncoder
from ..workload.generated_patterns import GeneratedQuery, PatternGenerator
from ..workload.ranking_legs import RankingLegs
from .latency_rows import YARDSTICK, FilterName, LatencyTimes
from .latency_yardsticks import NumpyScan, PlainHybrid

__all__ = ["DEPTH", "FILTERS", "Systems", "search_in_turns", "store_in_turns"]

# Candidates that a leg returns.
DEPTH: Final = 50
# Of the generator's patterns, 45 in 100 are pytest's and 1 is ava's.
FILTERS: Final[dict[FilterName, PatternSearchCriteria]] = {
    "none": PatternSearchCriteria(),
    "loose": PatternSearchCriteria(framework="pytest"),
    "tight": PatternSearchCriteria(framework="ava"),
}


@dataclass(frozen=True, slots=True)
class Systems:
    """The systems that are compared, filled with the same patterns.

    Attributes:
        encoder: Of the bank; returns generated vectors.
        real_encoder: The default encoder, for the time that it takes.
    """

    bank: QEReasoningBank
    plain: PlainHybrid
    generator: PatternGenerator
    encoder: GeneratedEncoder
    real_encoder: Encoder


def search_in_turns(
    times: LatencyTimes, systems: Systems, queries: Sequence[GeneratedQuery], *, warm_up: int
) -> None:
    """Asks every system the same; the first ``warm_up`` queries are not timed."""
    legs, scan = RankingLegs(systems.bank), NumpyScan(systems.generator.vectors)
    systems.real_encoder.encode_query("warm up")
    discarded = LatencyTimes()
    for number, query in enumerate(queries):
        into = times if number >= warm_up else discarded
        for name, criteria in FILTERS.items():
            _time_lookup(into, systems, query, name, criteria)
            _time_vector_leg(into, systems.plain, legs, query, name, criteria)
        _time_unfiltered(into, systems, legs, scan, query)
    bank = systems.bank
    for query in queries[warm_up:]:  # apart: a scan of all vectors before it is not part of a hit
        bank.search(query.text)
        times.time(("aqe", "hit", "none"), partial(bank.search, query.text))


def store_in_turns(times: LatencyTimes, systems: Systems, *, count: int) -> None:
    """Stores single new patterns durably and searches after each, to see what a change costs."""
    bank, generator = systems.bank, systems.generator
    for number, pattern in enumerate(itertools.islice(generator.patterns(), count)):
        new = replace(pattern, id=f"new:{number}", name=f"{pattern.name} again")
        systems.encoder.expect([new], number)
        times.time(("aqe", "store", "none"), partial(bank.store_pattern, new))
        vector = generator.vectors[number]
        times.time((YARDSTICK, "store", "none"), partial(systems.plain.add, new, vector))
        times.time(("aqe", "lookup after a store", "none"), partial(bank.search, new.description))


def _time_lookup(
    times: LatencyTimes,
    systems: Systems,
    query: GeneratedQuery,
    name: FilterName,
    criteria: PatternSearchCriteria,
) -> None:
    times.time(("aqe", "lookup", name), lambda: systems.bank.search(query.text, criteria=criteria))
    times.time(
        (YARDSTICK, "lookup", name),
        lambda: systems.plain.search(query.text, query.embedding, criteria),
    )


def _time_vector_leg(
    times: LatencyTimes,
    plain: PlainHybrid,
    legs: RankingLegs,
    query: GeneratedQuery,
    name: FilterName,
    criteria: PatternSearchCriteria,
) -> None:
    key = ("aqe", "vector", name)
    found = [*times.time(key, lambda: legs.vector(query.embedding, DEPTH, criteria))]
    exact = times.time((YARDSTICK, "vector", name), lambda: plain.vector(query.embedding, criteria))
    if exact:
        share = len({*exact[:10]} & {*found[:10]}) / len(exact[:10])
        times.recall.setdefault(key, []).append(share)


def _time_unfiltered(
    times: LatencyTimes,
    systems: Systems,
    legs: RankingLegs,
    scan: NumpyScan,
    query: GeneratedQuery,
) -> None:
    """Times the operations that are measured without a filter only."""
    times.time(
        ("aqe", "lookup with encoder", "none"),
        lambda: (
            systems.real_encoder.encode_query(query.text),
            systems.bank.search(f"{query.text} "),
        ),
    )
    times.time(("aqe", "text", "none"), lambda: legs.text(query.text, DEPTH, FILTERS["none"]))
    times.time((YARDSTICK, "text", "none"), lambda: systems.plain.text(query.text))
    times.time(("numpy", "vector", "none"), lambda: scan.vector(query.embedding))
