"""How much of the encoder's own throughput is left when real suites are read into a bank.

The encoder alone embeds the same texts in the same run, half of them before and half after the
extraction, so that a machine that grows busier slows both. A machine's own speed moves from one
half minute to the next, so there are several rounds, and their median counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ...models import Encoder, create_encoder
from ...retrieval.extraction import extract_file, find_test_files
from ...retrieval.text.pattern_text import embedded_text
from ...schema import AqeError
from ..workload.numpy_suites import suite_paths

__all__ = ["BulkSpeed", "measure_bulk"]


@dataclass(frozen=True, slots=True)
class BulkSpeed:
    """Tests a second, and processor time a test, over all rounds.

    Attributes:
        ratio: Median of ``ratios``.
        ratios: Of each round, how much of the encoder's throughput extraction has; 1 when nothing
            but the encoder bounds it.
        cpu_ratio: The encoder's share of the processor time: what ``ratio`` is when all processors
            are always busy.
    """

    tests: int
    cpus: int
    encoder_per_s: float
    encoder_cpu_ms: float
    extract_per_s: float
    extract_cpu_ms: float
    ratio: float
    ratios: tuple[float, ...]
    cpu_ratio: float


def measure_bulk(paths: Sequence[Path] = (), *, rounds: int = 3) -> BulkSpeed:
    """Returns how fast ``aqe patterns extract`` reads these suites, and the encoder embeds them.

    Args:
        paths: Files and folders; by default the suites of numpy's lib, linalg and random.
        rounds: How often both are done, at least once.

    Raises:
        AqeError: They hold no test.
    """
    paths = list(paths) or suite_paths()
    patterns = [one for file in find_test_files(paths) for one in extract_file(file).patterns]
    if not patterns:
        raise AqeError(f"no test was found in {', '.join(map(str, paths))}; give other paths")
    texts = [embedded_text(pattern) for pattern in patterns]
    encoder = create_encoder()
    encoder.encode(texts[:8])
    measured = np.array([_round(encoder, texts, paths) for _ in range(rounds)])
    encoder_s, encoder_cpu_s, extract_s, extract_cpu_s = measured.sum(axis=0).tolist()
    ratios = tuple((measured[:, 0] / measured[:, 2]).tolist())
    count = rounds * len(texts)
    return BulkSpeed(
        tests=len(texts),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        encoder_per_s=count / encoder_s,
        encoder_cpu_ms=encoder_cpu_s / count * 1000,
        extract_per_s=count / extract_s,
        extract_cpu_ms=extract_cpu_s / count * 1000,
        ratio=float(np.median(ratios)),
        ratios=ratios,
        cpu_ratio=encoder_cpu_s / extract_cpu_s,
    )


def _round(
    encoder: Encoder, texts: Sequence[str], paths: Sequence[Path]
) -> tuple[float, float, float, float]:
    """Returns seconds and processor seconds of the encoder alone, then those of the extraction."""
    before = _encode(encoder, texts[::2])
    extracted = _extract(paths)
    after = _encode(encoder, texts[1::2])
    return before[0] + after[0], before[1] + after[1], *extracted


def _encode(encoder: Encoder, texts: Sequence[str]) -> tuple[float, float]:
    """Returns the seconds and the processor seconds that embedding takes."""
    started, cpu_started = time.perf_counter(), time.process_time()
    encoder.encode(texts)
    return time.perf_counter() - started, time.process_time() - cpu_started


def _extract(paths: Sequence[Path]) -> tuple[float, float]:
    """Returns the seconds that the command reports, and the processor seconds of its process."""
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        command = [
            *(sys.executable, "-m", "aqe", "patterns", "extract", *map(str, paths)),
            *("--json", "--db", str(Path(folder, "aqe.db"))),
        ]
        before = os.times()
        finished = subprocess.run(command, check=True, capture_output=True)
        after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return float(msgspec.json.decode(finished.stdout)["seconds"]), used
