"""Compares the speed of extracting suites into a bank with the encoder's own throughput.

The encoder alone embeds the same texts in the same run, half of them before and half after the
extraction, so that a machine that grows busier slows both. A machine's own speed changes within
half a minute, so there are several rounds, and their median counts.
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
from typing import NamedTuple

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
    """Tests per second and processor time per test, over all rounds.

    Attributes:
        ratio: Median of ``ratios``.
        ratios: Throughput of the extraction over that of the encoder alone, for each round; 1 if
            only the encoder limits it.
        cpu_ratio: The encoder's share of the processor time: the ``ratio`` of a machine whose
            processors are always busy.
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


class _Round(NamedTuple):
    """Seconds and processor seconds of both in one round."""

    encoder_s: float
    encoder_cpu_s: float
    extract_s: float
    extract_cpu_s: float


class _Cost(NamedTuple):
    """Seconds and processor seconds."""

    wall_s: float
    cpu_s: float


def measure_bulk(paths: Sequence[Path] = (), *, rounds: int = 3) -> BulkSpeed:
    """Returns the speed of ``aqe patterns extract`` on suites, and of the encoder alone.

    Args:
        paths: Files and folders; by default the suites of numpy's lib, linalg and random.
        rounds: How often both are measured, at least once.

    Raises:
        AqeError: No test was found.
    """
    paths = list(paths) or suite_paths()
    patterns = [found for file in find_test_files(paths) for found in extract_file(file).patterns]
    if not patterns:
        raise AqeError(f"no test was found in {', '.join(map(str, paths))}; give other paths")
    texts = [embedded_text(pattern) for pattern in patterns]
    encoder = create_encoder()
    encoder.encode(texts[:8])
    measured = [_round(encoder, texts, paths) for _ in range(rounds)]
    total = _Round(*np.sum(measured, axis=0).tolist())
    ratios = tuple(times.encoder_s / times.extract_s for times in measured)
    count = rounds * len(texts)
    return BulkSpeed(
        tests=len(texts),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        encoder_per_s=count / total.encoder_s,
        encoder_cpu_ms=total.encoder_cpu_s / count * 1000,
        extract_per_s=count / total.extract_s,
        extract_cpu_ms=total.extract_cpu_s / count * 1000,
        ratio=float(np.median(ratios)),
        ratios=ratios,
        cpu_ratio=total.encoder_cpu_s / total.extract_cpu_s,
    )


def _round(encoder: Encoder, texts: Sequence[str], paths: Sequence[Path]) -> _Round:
    before = _encode(encoder, texts[::2])
    extracted = _extract(paths)
    after = _encode(encoder, texts[1::2])
    return _Round(before.wall_s + after.wall_s, before.cpu_s + after.cpu_s, *extracted)


def _encode(encoder: Encoder, texts: Sequence[str]) -> _Cost:
    started, cpu_started = time.perf_counter(), time.process_time()
    encoder.encode(texts)
    return _Cost(time.perf_counter() - started, time.process_time() - cpu_started)


def _extract(paths: Sequence[Path]) -> _Cost:
    """Returns the seconds that the command reports and the processor seconds of its process."""
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
    return _Cost(float(msgspec.json.decode(finished.stdout)["seconds"]), used)
