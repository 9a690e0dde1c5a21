"""Measures the bank and the Q-learning core: ``aqe bench`` and ``aqe bench learning``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...schema import AqeError
from ..options import JsonOption, require_number
from ..output import plain, print_json, stderr, stdout, table
from ..shell.command_class import command_app
from . import bench_bulk, bench_latency, bench_quality
from .bench_extra import require_extra

if TYPE_CHECKING:  # loaded by the command that measures
    from ...bench.bank.bank_speed import SpeedRow

app = command_app(
    "Measure this installation; without a command, the bank at 1,000 patterns.\n\nExamples:"
    "\n    aqe bench"
    "\n    aqe bench --baseline bench/baseline.json",
    no_args_is_help=False,
    invoke_without_command=True,
)
bench_quality.register(app)
bench_latency.register(app)
bench_bulk.register(app)


@app.callback()
def bank(
    context: typer.Context,
    slow: Annotated[bool, typer.Option("--slow", help="Also measure at 10,000 patterns.")] = False,
    baseline: Annotated[
        Path | None, typer.Option(help="Fail if an operation is slower than in this file.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Write the baseline instead of comparing.")
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option(min=1.0, callback=require_number, help="Tolerated slowdown factor."),
    ] = 1.5,
    json: JsonOption = False,
) -> None:
    """Measure this installation; without a command, the bank at 1,000 patterns.

    A baseline holds ratios to yardsticks of the same run, so it is valid on other machines too.

    Examples:
        aqe bench
        aqe bench --baseline bench/baseline.json

    Raises:
        AqeError: An operation is slower than the baseline allows.
        BadParameter: ``--save`` was given without ``--baseline``.
    """
    if context.invoked_subcommand is not None:
        return
    if save and baseline is None:
        raise typer.BadParameter("it needs --baseline FILE", param_hint="'--save'")
    require_extra("aqe bench", "pytest_benchmark")
    from ...bench.bank.bank_speed import run_bank_speed
    from ...bench.bank.baseline import read_baseline, slower, write_baseline

    saved = read_baseline(baseline) if baseline is not None and not save else {}
    if not json:
        stderr().print("measuring the bank, a minute or two …")
    rows = run_bank_speed(slow=slow)
    worse = slower(rows, saved, tolerance)
    if json:
        results = [asdict(row) | {"baseline_ratio": saved.get(row.operation)} for row in rows]
        print_json({"patterns": 1_000, "results": results})
    else:
        _print_rows(rows, saved)
    if save and baseline is not None:
        write_baseline(baseline, rows)
    if worse:
        names = "; ".join(f"{row.operation} ({row.ratio:.3g})" for row in worse)
        raise AqeError(f"slower than {tolerance:g} times the baseline: {names}")


def _print_rows(rows: Sequence[SpeedRow], saved: dict[str, float]) -> None:
    numbers = ("p50 ms", "p95 ms", "ratio", *(("baseline",) if saved else ()))
    result = table("operation", *numbers, right=numbers)
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        before = saved.get(row.operation)
        saved_ratio = ("" if before is None else f"{before:.3g}",) if saved else ()
        result.add_row(
            plain(row.operation), f"{row.p50_ms:.2f}", f"{row.p95_ms:.2f}", ratio, *saved_ratio
        )
    stdout().print(result)
    stdout().print(
        "ratio: p50 over that of the bare encoder call, the bare interpreter or plain vec0 + FTS5"
        " in this run",
        soft_wrap=True,
    )


@app.command()
def learning(json: JsonOption = False) -> None:
    """Check the Q-learning core on Gymnasium's tabular environments, against the exact optimum.

    Examples:
        aqe bench learning
    """
    require_extra("aqe bench learning", "gymnasium")
    from ...bench.learning.gymnasium_runs import run

    if not json:
        stderr().print("learning three environments with three seeds, about half a minute …")
    report = run()
    if json:
        print_json(report)
        return
    numbers = ("seed", "episodes", "return", "optimum")
    result = table("environment", *numbers, right=numbers)
    for row in report["results"]:
        result.add_row(
            row["environment"],
            str(row["seed"]),
            f"{row['episodes']:,}",
            f"{row['return']:.3f}",
            f"{row['optimum']:.3f}",
        )
    stdout().print(result)
