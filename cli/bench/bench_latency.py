"""Measures latency as a bank grows: ``aqe bench latency``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..options import JsonOption, usage_errors
from ..output import counted, plain, print_json, stderr, stdout, table

__all__ = ["print_report", "register"]


def register(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command("latency")(latency)


def latency(
    patterns: Annotated[
        str, typer.Option(help="Sizes of the banks, separated by commas.")
    ] = "1000,10000,100000",
    queries: Annotated[
        int, typer.Option(min=10, help="Number of distinct queries at each size.")
    ] = 500,
    crowd: Annotated[
        int,
        typer.Option(
            min=0,
            help="Size of the bank that 18 threads and 8 processes search while 2 write;"
            " 0 skips this part.",
        ),
    ] = 10_000,
    json: JsonOption = False,
) -> None:
    """Measure search and store latency as a bank grows, against plain vec0 + FTS5.

    Examples:
        aqe bench latency --patterns 1000,10000
    """
    from ...bench.latency.latency_by_size import Effort, measure_latency, sizes_of

    console = stderr()
    with usage_errors("--patterns"):
        sizes = sizes_of(patterns)
    report = measure_latency(
        sizes,
        Effort(queries=queries),
        crowd=crowd,
        note=lambda text: console.print(plain(text)),
    )
    if json:
        print_json(report)
    else:
        print_report(report)


def print_report(report: dict[str, Any]) -> None:
    """Prints a report of ``measure_latency`` as tables."""
    crowd = report["crowd"]
    rows = report["results"]
    for bank in report["banks"]:
        own = [row for row in rows if row["patterns"] == bank["patterns"] and not _of_crowd(row)]
        _print_bank(bank, own)
    if crowd is not None:
        _print_crowd(crowd, [row for row in rows if _of_crowd(row)])


def _of_crowd(row: dict[str, Any]) -> bool:
    operation: str = row["operation"]
    return operation.startswith("crowd") or operation.endswith("without a pause")


def _print_bank(bank: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    yardsticks = {
        (row["operation"], row["filter"]): row["p95_ms"]
        for row in rows
        if row["system"] == "vec0-fts5-rrf"
    }
    columns = ("p50 ms", "p95 ms", "plain p95", "ratio", "recall")
    title = counted(bank["patterns"], "pattern")
    result = table("operation", "filter", *columns, right=columns, title=title)
    for row in rows:
        if row["system"] == "vec0-fts5-rrf":
            continue
        name = row["operation"] if row["system"] == "aqe" else f"{row['operation']}, numpy"
        plain_p95 = yardsticks.get((row["operation"], row["filter"]))
        result.add_row(
            plain(name),
            row["filter"],
            *_times(row)[:2],
            "" if plain_p95 is None else f"{plain_p95:.2f}",
            "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            "" if row["recall@10"] is None else f"{row['recall@10']:.3f}",
        )
    memory = bank["memory"]
    stdout().print(result)
    for line in (
        "plain: vec0 + FTS5 fused by rank, interleaved with aqe; ratio: of the p95; recall: @10",
        f"stored {bank['load_patterns_per_s']:,.0f} patterns/s without the encoder"
        f" (plain {bank['yardstick_load_patterns_per_s']:,.0f})",
        f"full-text search in a new process: {bank['fresh_process_text_search_ms']:.0f} ms",
        f"memory {memory['own_mb']:.1f} MB: answers {memory['own_answers_mb']:.1f}, vectors"
        f" {memory['own_vectors_mb']:.1f}, SQLite {memory['own_sqlite_mb']:.1f};"
        f" resident {memory['resident_mb']:.1f} without mapped files ({memory['mapped_mb']:.1f})",
    ):
        stdout().print(plain(line), soft_wrap=True)
    stdout().print()


def _print_crowd(crowd: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    columns = ("p50 ms", "p95 ms", "p99 ms", "ratio")
    result = table("operation", *columns, right=columns)
    for row in rows:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        result.add_row(plain(row["operation"]), *_times(row), ratio)
    stdout().print(
        f"Concurrent load on {counted(crowd['patterns'], 'pattern')}:"
        f" {counted(crowd['threads'], 'thread')} and"
        f" {counted(crowd['processes'], 'process', 'processes')} search, {crowd['writers']} write"
    )
    stdout().print(result)
    for line in (
        f"each searches {crowd['searches_per_s']:g} times a second;"
        " ratio: p95 over that of one alone",
        f"without a pause: one {crowd['one_without_a_pause_per_s']:.0f} searches/s, all"
        f" {crowd['crowd_without_a_pause_per_s']:.0f}",
        f"{crowd['changes']:,} changes meanwhile, {len(crowd['errors'])} errors",
    ):
        stdout().print(plain(line), soft_wrap=True)


def _times(row: dict[str, Any]) -> list[str]:
    return [f"{row[key]:.2f}" for key in ("p50_ms", "p95_ms", "p99_ms")]
