"""``aqe bench``: measures this installation on this machine."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from ..schema import AqeError
from . import bench_bulk, bench_latency, bench_quality
from .options import JsonOption
from .output import plain, print_json, stderr, stdout, table

app = typer.Typer(
    help="Measure this installation.", invoke_without_command=True, rich_markup_mode=None
)
bench_quality.register(app)
bench_latency.register(app)
bench_bulk.register(app)


@app.callback()
def bank(context: typer.Context, json: JsonOption = False) -> None:
    """Measure this installation; without a command, the bank at 1,000 real patterns."""
    if context.invoked_subcommand is not None:
        return
    from ..bench.bank_speed import run_bank_speed

    if not json:
        stderr().print("measuring the bank at 1,000 real patterns, about a minute …")
    rows = run_bank_speed()
    if json:
        print_json({"patterns": 1_000, "results": rows})
        return
    result = table("operation", "p50 ms", "p95 ms", "ratio", right=("p50 ms", "p95 ms", "ratio"))
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        result.add_row(plain(row.operation), f"{row.p50_ms:.2f}", f"{row.p95_ms:.2f}", ratio)
    stdout().print(result)
    stdout().print("ratio: to the bare encoder call or interpreter start above it, in this run")


@app.command()
def learning(json: JsonOption = False) -> None:
    """Check the Q-learning core on Gymnasium's tabular environments, exactly scored."""
    from ..bench.learning import run

    if find_spec("gymnasium") is None:
        raise AqeError("aqe bench learning needs gymnasium: pip install 'aqe[bench]'")
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
