"""Measures whether a match says that it fits, on topics that a bank has and topics that it lacks.

Run: ``python -m aqe.bench.studies.answers.absent_topics DIR``, where DIR has a bank for each suite
of ``strength_topics.json``: ``aqe patterns extract --db DIR/axios.db CHECKOUT``. It wrote
``bench/results/strength.md``. A bank lacks what another one has, if their fields are not related.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from ....models import create_encoder
from ....retrieval import QEReasoningBank, SearchMode
from ....retrieval.ranking.strength import query_words_in
from ....retrieval.text.tokens import query_terms
from ....schema import AqeError, Database

__all__ = ["Half", "Observation", "Topics", "observed", "read_topics", "strength_tables"]

Half = Literal["tuning", "checking"]
HALVES: Final[tuple[Half, ...]] = ("tuning", "checking")
TOPICS: Final = Path(__file__).with_name("strength_topics.json")


class System(NamedTuple):
    """A way to search: the encoder of the bank, and the legs."""

    encoder: str
    mode: SearchMode


SYSTEMS: Final = (
    System("aqe-minilm-tests", "hybrid"),
    System("hashing", "hybrid"),
    System("aqe-minilm-tests", "text"),
)


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one bank."""

    half: Half
    bank: str
    present: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """The first match for a topic.

    Attributes:
        present: Whether the bank has the topic.
        cosine: To the topic; None if the search has no vectors.
        share: Of the topic's words, those that the match has.
        strong: What the match says.
    """

    half: Half
    bank: str
    topic: str
    present: bool
    cosine: float | None
    share: float
    strong: bool


def read_topics(document: Mapping[str, Any]) -> list[Topics]:
    """Returns the topics of every bank of a document like ``strength_topics.json``."""
    related = {frozenset(pair) for pair in document["related"]}
    topics = []
    for half in HALVES:
        for name, bank in document[half].items():
            foreign = [
                topic
                for other in document[half].values()
                if other["field"] != bank["field"]
                and frozenset((other["field"], bank["field"])) not in related
                for topic in other["present"]
            ]
            absent = (*document["nowhere"][half], *foreign)
            topics.append(Topics(half, name, tuple(bank["present"]), absent))
    return topics


def observed(bank: QEReasoningBank, topics: Topics, mode: SearchMode) -> Iterator[Observation]:
    """Yields the first match for each topic that has one."""
    for present, texts in ((True, topics.present), (False, topics.absent)):
        for topic in texts:
            terms = query_terms(topic)
            for match in bank.search(topic, limit=1, mode=mode):
                share = len(query_words_in(match.pattern, terms, whole=True)) / len(terms)
                strong = match.strength == "strong"
                yield Observation(
                    topics.half,
                    topics.bank,
                    topic,
                    present,
                    match.vector_score,
                    share,
                    strong,
                )


def strength_tables(folder: Path, topics: Sequence[Topics]) -> str:
    """Returns the Markdown tables of all systems.

    Raises:
        DatabaseError: A bank is missing.
    """
    blocks = []
    for system in SYSTEMS:
        seen = list(_observations(folder, topics, system))
        blocks.append(f"### {system.encoder}, {system.mode}\n\n" + _system_table(seen))
        blocks.append(_bank_table(seen))
    return "\n\n".join(blocks)


def _observations(folder: Path, topics: Sequence[Topics], system: System) -> Iterator[Observation]:
    for each in topics:
        with tempfile.TemporaryDirectory() as scratch:
            path = folder / f"{each.bank}.db"
            if not path.exists():
                raise AqeError(f"expected the bank {path}; make it with aqe patterns extract")
            copy = Path(shutil.copy(path, scratch))
            with Database(copy, create=False) as database:
                if system.encoder != "aqe-minilm-tests":
                    QEReasoningBank(database).reindex(create_encoder(system.encoder))
                yield from observed(QEReasoningBank(database), each, system.mode)


def _system_table(seen: Sequence[Observation]) -> str:
    lines = [
        "| told apart by | area under the curve, tuning | checking | best threshold, tuning"
        " | present found, checking | absent seen, checking | accuracy, checking |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in ("cosine", "share"):
        halves = {half: [each for each in seen if each.half == half] for half in HALVES}
        if any(getattr(each, name) is None for each in seen):
            continue
        threshold = _best_threshold(halves["tuning"], name)
        areas = [f"{_area(halves[half], name):.3f}" for half in HALVES]
        calls = [getattr(each, name) >= threshold for each in halves["checking"]]
        figures = _accuracy(halves["checking"], calls)
        lines.append(f"| {name} | {' | '.join(areas)} | {threshold:.3f} | {figures} |")
    checking = [each for each in seen if each.half == "checking"]
    figures = _accuracy(checking, [each.strong for each in checking])
    lines.append(f"| **the label** | | | | {figures} |")
    return "\n".join(lines)


def _bank_table(seen: Sequence[Observation]) -> str:
    lines = [
        "| bank | half | topics present / absent | present found | absent seen | accuracy |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(each.bank for each in seen):
        own = [each for each in seen if each.bank == name]
        present = sum(each.present for each in own)
        figures = _accuracy(own, [each.strong for each in own])
        counts = f"{present} / {len(own) - present}"
        lines.append(f"| {name} | {own[0].half} | {counts} | {figures} |")
    return "\n".join(lines)


def _accuracy(seen: Sequence[Observation], calls: Sequence[bool]) -> str:
    """Returns the share of present topics called strong, of absent ones called weak; the mean."""
    found = np.mean([call for each, call in zip(seen, calls, strict=True) if each.present])
    absent = np.mean([not call for each, call in zip(seen, calls, strict=True) if not each.present])
    return f"{found:.3f} | {absent:.3f} | {(found + absent) / 2:.3f}"


def _area(seen: Sequence[Observation], name: str) -> float:
    """Returns the chance that a present topic has the higher value; ties count half."""
    values = np.array([getattr(each, name) for each in seen], dtype=float)
    present = np.array([each.present for each in seen])
    higher = values[present][:, None] - values[~present][None, :]
    return float((higher > 0).mean() + (higher == 0).mean() / 2)


def _best_threshold(seen: Sequence[Observation], name: str) -> float:
    """Returns the lowest value with the highest mean of the two shares of right calls."""
    values = np.array([getattr(each, name) for each in seen], dtype=float)
    present = np.array([each.present for each in seen])

    def accuracy(threshold: float) -> float:
        calls = values >= threshold
        return float(calls[present].mean() + (~calls[~present]).mean())

    thresholds: list[float] = sorted(set(values.tolist()))
    return max(thresholds, key=accuracy)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables; returns 1 if a bank is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.answers.absent_topics", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="folder with a bank for each suite")
    options = parser.parse_args(arguments)
    try:
        document = json.loads(TOPICS.read_text(encoding="utf-8"))
        sys.stdout.write(strength_tables(options.folder, read_topics(document)) + "\n")
    except AqeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
