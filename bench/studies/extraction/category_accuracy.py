"""Measures how often the category of an extracted test is the one that a person gave it.

Run: ``python -m aqe.bench.studies.extraction.category_accuracy CHECKOUT ...``; it writes
the table of ``bench/results/categories.md``.

``category_judgements.jsonl`` has tests drawn at random from public repositories, each judged by the
definitions in docs/glossary.md before the tool's answer was seen. The rules were written with the
sample ``tuning``; ``second`` was judged with the rules at rest, and looked through
afterwards; ``unseen`` was judged last, and no rule was changed after it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ....retrieval.extraction import extract_file
from ....schema import AqeError
from ....schema.wilson import wilson_interval

__all__ = ["Judgement", "SuiteAccuracy", "accuracies", "read_judgements", "table"]

JUDGEMENTS: Final = Path(__file__).with_name("category_judgements.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The category that a person gave a test.

    Attributes:
        sample: ``tuning``, ``second`` or ``unseen``.
        repository: On GitHub, as ``owner/name``.
        path: Inside the repository.
        test: The name of its pattern.
    """

    sample: str
    repository: str
    commit: str
    path: str
    test: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteAccuracy:
    """How many judged tests of a suite got the category that they were given.

    Attributes:
        misses: Pairs "judged -> extracted" with their counts; a test that is no longer found is
            a miss.
    """

    repository: str
    sample: str
    tests: int
    right: int
    misses: dict[str, int]


def read_judgements(path: Path = JUDGEMENTS) -> list[Judgement]:
    """Returns the judgements in a file, one JSON object a line."""
    lines = path.read_text("utf-8").splitlines()
    return [Judgement(**json.loads(line)) for line in lines if line.strip()]


def accuracies(judgements: Iterable[Judgement], checkouts: Sequence[Path]) -> list[SuiteAccuracy]:
    """Returns the accuracy of each suite and sample whose checkout is given.

    Args:
        checkouts: Folders named like their repositories, at the commit of the judgements.

    Raises:
        AqeError: No judgement is of one of the checkouts.
    """
    folders = {folder.resolve().name: folder for folder in checkouts}
    suites: dict[tuple[str, str], list[Judgement]] = {}
    for judgement in judgements:
        if judgement.repository.partition("/")[2] in folders:
            suites.setdefault((judgement.sample, judgement.repository), []).append(judgement)
    if not suites:
        raise AqeError(
            f"no judged test is of {', '.join(folders)}; name each folder like its repository"
        )
    return [
        _accuracy(suite, folders[repository.partition("/")[2]])
        for (_, repository), suite in sorted(suites.items())
    ]


def table(results: Iterable[SuiteAccuracy]) -> str:
    """Returns the accuracies as a Markdown table, with 95 % Wilson intervals."""
    lines = ["| sample | suite | right | of | accuracy | misses |", "|---|---|---|---|---|---|"]
    for result in results:
        low, high = wilson_interval(result.right, result.tests)
        misses = ", ".join(f"{count} {pair}" for pair, count in sorted(result.misses.items()))
        lines.append(
            f"| {result.sample} | {result.repository} | {result.right} | {result.tests}"
            f" | {result.right / result.tests:.0%} ({low:.0%} to {high:.0%}) | {misses} |"
        )
    return "\n".join(lines)


def _accuracy(suite: Sequence[Judgement], folder: Path) -> SuiteAccuracy:
    found: dict[tuple[str, str], str] = {}
    for path in sorted({judgement.path for judgement in suite}):
        for pattern in extract_file(folder / path).patterns:
            found.setdefault((path, pattern.name), pattern.category)
    pairs = Counter(
        (judgement.category, found.get((judgement.path, judgement.test), "not found"))
        for judgement in suite
    )
    misses = {f"{judged} -> {got}": n for (judged, got), n in pairs.items() if judged != got}
    return SuiteAccuracy(
        repository=suite[0].repository,
        sample=suite[0].sample,
        tests=len(suite),
        right=len(suite) - sum(misses.values()),
        misses=misses,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table for the checkouts given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkouts", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    try:
        print(table(accuracies(read_judgements(), options.checkouts)))
    except AqeError as error:
        print(f"category_accuracy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
