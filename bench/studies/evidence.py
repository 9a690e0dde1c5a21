"""Measures whether recorded uses improve later answers, and whether an agent can cheat.

Run: ``python -m aqe.bench.studies.evidence DIR [--field description|template]``. It wrote
``bench/results/evidence.md``.

Half of the queries of a judged set are replayed as work: agents search, use the first answers and
record the outcomes. A use succeeds if the pattern was judged relevant; one outcome in ten is wrong.
Then three groups are asked: the replayed queries again, those of the other half that share a
relevant document with one of them (paraphrases of a need that was met before), and the rest as a
control. At the end one agent records 1,000 false successes of a pattern that is irrelevant to a
query and ranked below a proven one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...models import DEFAULT_ENCODER, Encoder, create_encoder
from ...schema import AqeError, PatternUsageContext
from ..quality.beir import JudgedSet, read_judged_set
from ..quality.embedding_cache import CachedEncoder, default_cache_folder
from ..quality.judged_bank import DocumentField, JudgedBank, open_judged_bank
from ..quality.retrieval_metrics import Values, compare, ndcg_at_10
from ..quality.retrieval_quality import SEED

__all__ = ["Flood", "Groups", "measure_evidence", "split_queries"]

AGENTS = ("test-generator", "test-executor", "regression-risk-analyzer")
# Answers that an agent tries before it gives up on the bank.
USED_ANSWERS = 3
WRONG_OUTCOMES = 0.1
FALSE_SUCCESSES = 1_000
FLOODED_QUERIES = 20
# Deep enough to see from where a pattern rose.
SEEN_RANKS = 50


@dataclass(frozen=True, slots=True)
class Groups:
    """Query ids: replayed, sharing a relevant document with one of these, and the others."""

    replayed: tuple[str, ...]
    paraphrases: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flood:
    """Ranks of an irrelevant pattern for one query, and of the proven one above it.

    Attributes:
        rank_after_few: After as many false successes as there are ``AGENTS``.
        passed: Whether it ends up above the proven pattern.
    """

    query: str
    proven_rank: int
    rank_before: int
    rank_after_few: int
    rank_after: int
    passed: bool


def measure_evidence(
    judged: JudgedSet,
    *,
    field: DocumentField,
    encoder: Encoder,
    cache: Path,
    seed: int = SEED,
    false_successes: int = FALSE_SUCCESSES,
) -> dict[str, Any]:
    """Returns nDCG@10 of each group before and after the replay, and the effect of the floods."""
    groups = split_queries(judged, seed=seed)
    rng = np.random.default_rng(seed)
    cached = CachedEncoder(encoder, cache)
    with open_judged_bank(judged, field=field, encoder=cached) as bank:
        before = {name: _ndcg(bank, judged, ids) for name, ids in asdict(groups).items()}
        uses = _replay(bank, judged, groups.replayed, rng)
        after = {name: _ndcg(bank, judged, ids) for name, ids in asdict(groups).items()}
        floods = _floods(bank, judged, groups, rng, false_successes)
    return {
        "dataset": judged.name,
        "documents": len(judged.documents),
        "encoder": encoder.name,
        "seed": seed,
        "uses": uses,
        "agents": len(AGENTS),
        "wrong_outcomes": WRONG_OUTCOMES,
        "groups": {
            name: _change(before[name], after[name], seed) for name in before if before[name].size
        },
        "flood": _flood_summary(floods, false_successes),
    }


def split_queries(judged: JudgedSet, *, seed: int) -> Groups:
    """Returns the queries in groups, a random half of them to be replayed."""
    ids = sorted(judged.queries)
    order = np.random.default_rng(seed).permutation(len(ids))
    half = len(ids) // 2
    replayed = tuple(ids[index] for index in order[:half])
    held = tuple(ids[index] for index in order[half:])
    met = frozenset[str]().union(*(judged.relevant(id) for id in replayed))
    shares = {id: not judged.relevant(id).isdisjoint(met) for id in held}
    return Groups(
        replayed,
        tuple(id for id in held if shares[id]),
        tuple(id for id in held if not shares[id]),
    )


def _ndcg(bank: JudgedBank, judged: JudgedSet, ids: Sequence[str]) -> Values:
    rankings = {id: bank.search(judged.queries[id]) for id in ids}
    return ndcg_at_10(rankings, {id: judged.judgements[id] for id in ids})


def _replay(
    bank: JudgedBank, judged: JudgedSet, ids: Sequence[str], rng: np.random.Generator
) -> int:
    """Replays each need once per agent; returns the number of recorded uses."""
    uses = 0
    for agent in AGENTS:
        for id in ids:
            relevant = judged.relevant(id)
            for document in bank.search(judged.queries[id], limit=USED_ANSWERS):
                wrong = bool(rng.random() < WRONG_OUTCOMES)
                _record(bank, document, agent, (document in relevant) != wrong)
                uses += 1
    return uses


def _record(bank: JudgedBank, document: str, agent: str, success: bool) -> None:
    pattern_id = bank.pattern_id(document)
    assert pattern_id is not None  # it came out of the bank
    bank.bank.record_usage(pattern_id, PatternUsageContext(success=success, agent_id=agent))


def _floods(
    bank: JudgedBank,
    judged: JudgedSet,
    groups: Groups,
    rng: np.random.Generator,
    false_successes: int,
) -> list[Flood]:
    """Floods, query by query, the first irrelevant unused pattern below a proven one."""
    floods: list[Flood] = []
    for index in rng.permutation(len(groups.replayed)):
        if len(floods) == FLOODED_QUERIES:
            break
        flood = _flood(bank, judged, groups.replayed[index], false_successes)
        if flood is not None:
            floods.append(flood)
    return floods


def _flood(bank: JudgedBank, judged: JudgedSet, query: str, false_successes: int) -> Flood | None:
    found = bank.search(judged.queries[query], limit=SEEN_RANKS)
    relevant = judged.relevant(query)
    proven = next((id for id in found if id in relevant and _successes(bank, id) > 0), None)
    if proven is None:
        return None
    below = found[found.index(proven) + 1 :]
    target = next((id for id in below if id not in relevant and _uses(bank, id) == 0), None)
    if target is None:
        return None
    few = _rank_after(bank, judged.queries[query], target, len(AGENTS))
    last = _rank_after(bank, judged.queries[query], target, false_successes - len(AGENTS))
    ranking = bank.search(judged.queries[query], limit=SEEN_RANKS)
    return Flood(
        query=query,
        proven_rank=found.index(proven) + 1,
        rank_before=found.index(target) + 1,
        rank_after_few=few,
        rank_after=last,
        passed=ranking.index(target) < ranking.index(proven),
    )


def _rank_after(bank: JudgedBank, query: str, document: str, false_successes: int) -> int:
    for _ in range(false_successes):
        _record(bank, document, "flooder", True)
    return bank.search(query, limit=SEEN_RANKS).index(document) + 1


def _uses(bank: JudgedBank, document: str) -> int:
    pattern = bank.bank.get_pattern(bank.pattern_id(document) or "")
    return 0 if pattern is None else pattern.usage_count


def _successes(bank: JudgedBank, document: str) -> float:
    pattern = bank.bank.get_pattern(bank.pattern_id(document) or "")
    return 0.0 if pattern is None else (pattern.success_rate or 0.0) * pattern.usage_count


def _change(before: Values, after: Values, seed: int) -> dict[str, Any]:
    difference = compare(after, before, seed=seed)
    return {
        "queries": int(before.size),
        "ndcg@10_before": float(before.mean()),
        "ndcg@10_after": float(after.mean()),
        "gain": difference.mean,
        "interval": list(difference.interval),
    }


def _flood_summary(floods: Sequence[Flood], false_successes: int) -> dict[str, Any]:
    rises = [flood.rank_before - flood.rank_after for flood in floods]
    return {
        "false_successes": false_successes,
        "queries": len(floods),
        "passed_the_proven": sum(flood.passed for flood in floods),
        "rose_after_the_first_few": sum(
            flood.rank_after < flood.rank_after_few for flood in floods
        ),
        "largest_rise": max(rises, default=0),
        "each": [asdict(flood) for flood in floods],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures as JSON; returns 1 if the set cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.evidence", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="corpus.jsonl, queries.jsonl, qrels.tsv")
    parser.add_argument("--field", choices=("description", "template"), default="description")
    parser.add_argument("--qrels", type=Path, help="judgements, if the folder has several splits")
    parser.add_argument("--encoder", default=DEFAULT_ENCODER)
    parser.add_argument("--limit-queries", type=int, help="a sample of the queries")
    parser.add_argument("--cache", type=Path, default=default_cache_folder(os.environ))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--false-successes", type=int, default=FALSE_SUCCESSES)
    options = parser.parse_args(arguments)
    try:
        judged = read_judged_set(options.folder, qrels=options.qrels)
        if options.limit_queries is not None:
            judged = judged.sampled(options.limit_queries, seed=options.seed)
        report = measure_evidence(
            judged,
            field=options.field,
            encoder=create_encoder(options.encoder),
            cache=options.cache,
            seed=options.seed,
            false_successes=options.false_successes,
        )
    except AqeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
