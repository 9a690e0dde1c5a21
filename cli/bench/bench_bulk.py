"""Measures extraction against the encoder alone: ``aqe bench bulk``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import JsonOption
from ..output import plain, print_json, stderr, stdout, table

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command("bulk")(bulk)


def bulk(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Test suites. Default: some of numpy's.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Number of measurements; the median is reported.")
    ] = 3,
    json: JsonOption = False,
) -> None:
    """Measure how fast test suites are extracted, against the encoder alone in the same run.

    Examples:
        aqe bench bulk tests/ --rounds 1
    """
    from ...bench.bulk.bulk_speed import measure_bulk

    if not json:
        stderr().print(
            plain(f"embedding and extracting, {rounds} times; numpy's tests take a minute each …")
        )
    speed = measure_bulk(paths or (), rounds=rounds)
    if json:
        print_json(speed)
        return
    result = table("work", "tests/s", "cpu ms a test", right=("tests/s", "cpu ms a test"))
    result.add_row("encoder alone", f"{speed.encoder_per_s:.1f}", f"{speed.encoder_cpu_ms:.2f}")
    result.add_row("reading alone", "", f"{speed.read_cpu_ms:.2f}")
    result.add_row(
        "aqe patterns extract", f"{speed.extract_per_s:.1f}", f"{speed.extract_cpu_ms:.2f}"
    )
    stdout().print(result)
    stdout().print(
        f"{speed.ratio:.0%} of the encoder's throughput (median of {rounds}:"
        f" {min(speed.ratios):.0%} to {max(speed.ratios):.0%}), {speed.tests:,} tests on"
        f" {speed.cpus} processors; its share of the processor time is {speed.cpu_ratio:.0%};"
        f" {speed.extract_peak_mb:,.0f} MB at most"
    )
