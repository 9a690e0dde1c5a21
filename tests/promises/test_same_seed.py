"""Promise 26: the same question on the same bank has the same answer, in every run."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from aqe.models import HashingEncoder
from aqe.retrieval import QEReasoningBank
from aqe.schema import TestPattern

SEED = 20260925
WORDS = "add sub mul user login parse http json file read write cache lock queue retry".split()


def ask(path: Path, cores: set[int], out: Path) -> None:
    os.sched_setaffinity(0, cores)
    answers = []
    with QEReasoningBank(path, encoder=HashingEncoder(384)) as bank:
        for word in WORDS:
            for match in bank.find_pattern(f"{word} works", limit=10):
                answers.append([match.pattern.id, repr(match.score)])
    out.write_text(json.dumps(answers))


@pytest.mark.parametrize("runs", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_same_seed(
    runs: int,
    path: Path,
    tmp_path: Path,
    forked: Callable[..., int],
    joined: Callable[[list[int]], None],
    promise: Callable[..., None],
) -> None:
    rng = random.Random(SEED)
    with QEReasoningBank(path, encoder=HashingEncoder(384)) as bank:
        bank.store_patterns(
            TestPattern(
                id=f"p{number}",
                name=f"test_{rng.choice(WORDS)}_{number}",
                category="unit",
                framework="pytest",
                language="python",
                template=f"def test_it():\n    assert {' '.join(rng.choices(WORDS, k=6))}",
            )
            for number in range(400)
        )
    cores = sorted(os.sched_getaffinity(0))
    out = [tmp_path / f"answers-{run}" for run in range(runs)]
    for run in range(runs):
        chosen = set(cores[:1]) if run % 2 else set(cores[:2])
        joined([forked(ask, path, chosen, out[run])])
    distinct = {file.read_text() for file in out}
    promise(
        26,
        f"{runs} runs on 1 and on {min(2, len(cores))} cores: {len(distinct)} distinct ranking of"
        f" {len(WORDS)} queries, scores to the last bit",
        seed=SEED,
    )
    assert len(distinct) == 1
