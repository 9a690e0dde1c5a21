"""``aqe bench latency``: the bank's speed as it grows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .options import JsonOption
from .output import plain, print_json, stderr, stdout, table

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command of this file to the group."""
    app.command("latency")(latency)


def latency(
    patterns: Annotated[
        str, typer.Option(help="Sizes of the banks, with commas.")
    ] = "1000,10000,100000",
    queries: Annotated[int, typer.Option(min=10, help="Distinct queries at each size.")] = 500,
    crowd: Annotated[
        int,
        typer.Option(
            min=0,
            help="Size of the bank that 18 threads and 8 processes search while 2 write;"
            " 0 leaves that out.",
        ),
    ] = 10_000,
    json: JsonOption = False,
) -> None:
    """Measure searching and storing as a bank grows, against plain vec0 + FTS5 in the same run."""
    from ..bench.latency import measure_latency, sizes_of

    console = stderr()
    report = measure_latency(
        sizes_of(patterns),
        queries=queries,
        crowd=crowd,
        note=lambda text: console.print(plain(text)),
    )
    if json:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    columns = ("p50 ms", "p95 ms", "p99 ms", "recall@10", "ratio")
    result = table("patterns", "system", "operation", "filter", *columns, right=columns)
    for row in report["results"]:
        times = [f"{row[key]:.2f}" for key in ("p50_ms", "p95_ms", "p99_ms")]
        recall = "" if row["recall@10"] is None else f"{row['recall@10']:.3f}"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g}"
        names = [plain(row[key]) for key in ("patterns", "system", "operation", "filter")]
        result.add_row(*names, *times, recall, ratio)
    stdout().print(result)
    stdout().print(
        "ratio: of the p95 to that of vec0-fts5-rrf in this run; of a crowd, to that of one alone",
        soft_wrap=True,
    )
    for bank in report["banks"]:
        _print_facts(bank | bank["memory"])
    if (crowd := report["crowd"]) is not None:
        _print_facts(crowd | {"errors": len(crowd["errors"])})


def _print_facts(facts: dict[str, Any]) -> None:
    numbers = {name: value for name, value in facts.items() if isinstance(value, int | float)}
    text = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
    stdout().print(plain(text), soft_wrap=True)
