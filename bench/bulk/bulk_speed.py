"""Compares the speed of extracting suites into a bank with the encoder's own throughput.

The encoder alone embeds the same texts in the same run, half of them before and half after the
extraction, so that a machine that grows busier slows both. A machine's own speed changes within
half a minute, so there are several rounds, and their median counts.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec
import numpy as np

from ...models import Encoder, create_encoder
from ...retrieval.extraction import extract_file, find_test_files
from ...retrieval.text.pattern_text import embedded_text
from ...schema import AqeError
from ..workload.numpy_suites import suite_paths
from ..workload.process_memory import resident_mb

__all__ = ["BulkSpeed", "measure_bulk"]

_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class BulkSpeed:
    """Tests per second and processor time per test, over all rounds.

    Attributes:
        ratio: Median of ``ratios``.
        read_cpu_ms: Reading alone, in this process: the files to patterns that are not stored.
        extract_peak_mb: The most memory (10^6 bytes) of an extraction; NaN where not known.
        ratios: Throughput of the extraction over that of the encoder alone, for each round; 1 if
            only the encoder limits it.
        cpu_ratio: The encoder's share of the processor time: the ``ratio`` of a machine whose
            processors are always busy.
    """

    tests: int
    cpus: int
    encoder_per_s: float
    encoder_cpu_ms: float
    read_cpu_ms: float
    extract_per_s: float
    extract_cpu_ms: float
    extract_peak_mb: float
    ratio: float
    ratios: tuple[float, ...]
    cpu_ratio: float


class _Round(NamedTuple):
    """What each costs in one round."""

    encoder: _Cost
    reading: _Cost
    extraction: _Cost


class _Cost(NamedTuple):
    """Seconds, processor seconds, and megabytes at most (0 if not measured)."""

    wall_s: float
    cpu_s: float
    peak_mb: float = 0.0


def measure_bulk(paths: Sequence[Path] = (), *, rounds: int = 3) -> BulkSpeed:
    """Returns the speed of ``aqe patterns extract`` on suites, and of the encoder alone.

    Args:
        paths: Files and folders; by default the suites of numpy's lib, linalg and random.
        rounds: How often both are measured, at least once.

    Raises:
        AqeError: No test was found.
    """
    paths = list(paths) or suite_paths()
    files = find_test_files(paths)
    patterns = [found for file in files for found in extract_file(file).patterns]
    if not patterns:
        raise AqeError(f"no test was found in {', '.join(map(str, paths))}; give other paths")
    texts = [embedded_text(pattern) for pattern in patterns]
    encoder = create_encoder()
    encoder.encode(texts[:8])
    measured = [_round(encoder, texts, files, paths) for _ in range(rounds)]
    total = _Round(*(_Cost(*cost) for cost in np.sum(measured, axis=0).tolist()))
    ratios = tuple(times.encoder.wall_s / times.extraction.wall_s for times in measured)
    count = rounds * len(texts)
    return BulkSpeed(
        tests=len(texts),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        encoder_per_s=count / total.encoder.wall_s,
        encoder_cpu_ms=total.encoder.cpu_s / count * 1000,
        read_cpu_ms=total.reading.cpu_s / count * 1000,
        extract_per_s=count / total.extraction.wall_s,
        extract_cpu_ms=total.extraction.cpu_s / count * 1000,
        extract_peak_mb=max(times.extraction.peak_mb for times in measured),
        ratio=float(np.median(ratios)),
        ratios=ratios,
        cpu_ratio=total.encoder.cpu_s / total.extraction.cpu_s,
    )


def _round(
    encoder: Encoder, texts: Sequence[str], files: Sequence[Path], paths: Sequence[Path]
) -> _Round:
    before = _cost_of(lambda: encoder.encode(texts[::2]))
    extracted = _extract(paths)
    after = _cost_of(lambda: encoder.encode(texts[1::2]))
    read = _cost_of(lambda: [extract_file(file) for file in files])
    both = _Cost(before.wall_s + after.wall_s, before.cpu_s + after.cpu_s)
    return _Round(both, read, extracted)


def _cost_of(work: Callable[[], object]) -> _Cost:
    started, cpu_started = time.perf_counter(), time.process_time()
    work()
    return _Cost(time.perf_counter() - started, time.process_time() - cpu_started)


def _extract(paths: Sequence[Path]) -> _Cost:
    """Returns the seconds that the command reports, and what its process used.

    Raises:
        CalledProcessError: It failed.
    """
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        output = Path(folder, "report.json")
        command = [
            *(sys.executable, "-m", "aqe", "patterns", "extract", *map(str, paths)),
            *("--json", "--db", str(Path(folder, "aqe.db"))),
        ]
        before = os.times()
        with output.open("wb") as stream:
            peak_mb = _run(command, stream)
        after = os.times()
        seconds = float(msgspec.json.decode(output.read_bytes())["seconds"])
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return _Cost(seconds, used, peak_mb)


def _run(command: Sequence[str], stream: IO[bytes]) -> float:
    """Runs a command; returns the most megabytes that it had at once.

    Raises:
        CalledProcessError: It failed.
    """
    peak_mb = math.nan
    with subprocess.Popen(command, stdout=stream, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            seen = resident_mb("VmHWM", str(process.pid))
            peak_mb = peak_mb if math.isnan(seen) else seen  # it is gone when the process ends
            time.sleep(_POLL_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak_mb
