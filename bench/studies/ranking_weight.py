"""Finds the weight of BM25 in the ranking.

Run: ``python -m aqe.bench.studies.ranking_weight SET:FIELD …``.

Each set is a folder in BEIR layout, its field ``description`` or ``template``. Only every second
query (by the hash of its id) is used, so that the others can check the result. The legs' scores are
those of a user's search; the fusion is tried with each weight.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...models import DEFAULT_ENCODER, Encoder, create_encoder, embed_query
from ..quality.beir import JudgedSet, read_judged_set
from ..quality.embedding_cache import CachedEncoder
from ..quality.judged_bank import DocumentField, open_judged_bank
from ..quality.retrieval_metrics import ndcg_at_10
from ..workload.ranking_legs import LegScores, RankingLegs, ranked_rows

__all__ = ["WEIGHTS", "StudyArguments", "study_arguments", "tuning_half", "weights_table"]

WEIGHTS = (0.0, 0.004, 0.006, 0.008, 0.010, 0.012, 0.014, 0.016, 0.02, 0.03, 0.05)


def tuning_half(judged: JudgedSet, *, checking: bool = False) -> JudgedSet:
    """Returns the set with the queries whose hashed id is even; for checking, the others."""
    kept = {
        id: text
        for id, text in judged.queries.items()
        if hashlib.sha256(id.encode()).digest()[0] % 2 == checking
    }
    judgements = {id: judged.judgements[id] for id in kept}
    return JudgedSet(judged.name, judged.documents, kept, judgements)


def weights_table(
    judged: JudgedSet, field: DocumentField, encoder: Encoder, cache: Path
) -> npt.NDArray[np.float64]:
    """Returns the mean nDCG@10 (weights,) of the ranking with each of ``WEIGHTS``."""
    with open_judged_bank(judged, field=field, encoder=CachedEncoder(encoder, cache)) as bank:
        legs = RankingLegs(bank.bank)
        documents = legs.sources()  # a judged pattern's source is its document
        scores = {
            id: legs.scores(text, embed_query(encoder, text)) for id, text in judged.queries.items()
        }
    return np.array(
        [
            ndcg_at_10(_rankings(scores, weight, documents), judged.judgements).mean()
            for weight in WEIGHTS
        ]
    )


def _rankings(
    scores: Mapping[str, LegScores], weight: float, documents: Mapping[int, str]
) -> dict[str, list[str]]:
    return {
        id: [documents[row] for row in ranked_rows(legs, bm25_weight=weight)[:10]]
        for id, legs in scores.items()
    }


class StudyArguments(NamedTuple):
    """The judged sets with the field of their documents, the encoder, and the cache folder."""

    sets: list[tuple[JudgedSet, DocumentField]]
    encoder: Encoder
    cache: Path


def study_arguments(program: str, arguments: Sequence[str] | None) -> StudyArguments:
    """Returns the command-line arguments of a study of the ranking."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("sets", nargs="+", metavar="FOLDER:description|FOLDER:template")
    parser.add_argument("--encoder", default=DEFAULT_ENCODER)
    parser.add_argument("--cache", type=Path, default=Path(".cache/aqe"))
    given = parser.parse_args(arguments)
    sets: list[tuple[JudgedSet, DocumentField]] = []
    for argument in given.sets:
        folder, _, field = argument.rpartition(":")
        if field not in ("description", "template"):
            parser.error(f"a set must be FOLDER:description or FOLDER:template, got {argument}")
        sets.append((read_judged_set(Path(folder)), field))
    return StudyArguments(sets, create_encoder(given.encoder), given.cache)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table of sets and weights."""
    given = study_arguments("aqe.bench.studies.ranking_weight", arguments)
    lines = [f"| set | {' | '.join(f'{weight:g}' for weight in WEIGHTS)} |"]
    lines.append("|---|" + "---:|" * len(WEIGHTS))
    rows = []
    for whole, field in given.sets:
        judged = tuning_half(whole)
        rows.append(weights_table(judged, field, given.encoder, given.cache))
        lines.append(_line(f"{judged.name} ({len(judged.queries)} queries)", rows[-1]))
    mean = np.mean(rows, axis=0)
    sys.stdout.write(
        "\n".join([*lines, _line("mean", mean), "", f"best: {WEIGHTS[int(mean.argmax())]:g}\n"])
    )


def _line(name: str, values: npt.NDArray[np.float64]) -> str:
    return f"| {name} | {' | '.join(f'{value:.4f}' for value in values)} |"


if __name__ == "__main__":
    main()
