"""Writes the results of ``aqe bench learning`` as a table, a picture and data.

Run: ``python -m aqe.bench.studies.learners.learning_report [--output bench/results]``. It wrote
``learning.json``, ``learning.md`` and ``learning.png`` in ``bench/results/``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...learning.gymnasium_runs import SETUPS, Setup, run

__all__ = ["draw_curves", "main", "results_table", "write_results"]

# The far lower returns at the beginning would flatten everything near the optimum.
_SHOWN_BELOW_OPTIMUM = {"Taxi-v4": 40.0, "CliffWalking-v1": 60.0, "FrozenLake-v1": 0.8}


def results_table(report: dict[str, Any]) -> str:
    """Returns a Markdown page with the result of each run and the curves as numbers."""
    lines = [
        "# The Q-learning core against environments with a known optimum",
        "",
        "`aqe bench learning` (`python -m aqe.bench.studies.learners.learning_report"
        " --output bench/results`): exact return of the greedy policy on the environment's own"
        " transition table.",
        "",
        "| environment | seed | episodes | return | optimum | gate | updates | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in report["results"]:
        lines.append(
            f"| {result['environment']} | {result['seed']} | {result['episodes']} "
            f"| {result['return']:.4f} | {result['optimum']:.4f} | {result['gate']:g} "
            f"| {result['updates']} | {result['seconds']:.1f} |"
        )
    lines += ["", "![learning curves](learning.png)", ""]
    for name in dict.fromkeys(curve["environment"] for curve in report["curves"]):
        curves = [curve for curve in report["curves"] if curve["environment"] == name]
        lines += ["", f"## {name}, exact return by number of episodes", ""]
        lines.append("| episodes | " + " | ".join(f"seed {c['seed']}" for c in curves) + " |")
        lines.append("|---" * (len(curves) + 1) + "|")
        for row, episodes in enumerate(curves[0]["episodes"]):
            values = " | ".join(f"{curve['returns'][row]:.3f}" for curve in curves)
            lines.append(f"| {episodes} | {values} |")
    return "\n".join(lines) + "\n"


def draw_curves(report: dict[str, Any], path: Path) -> None:
    """Draws a panel for each environment with a line for each seed, the optimum dashed.

    Raises:
        ModuleNotFoundError: matplotlib is missing; install it with ``pip install 'aqe[bench]'``.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(curve["environment"] for curve in report["curves"]))
    figure = Figure(figsize=(4.5 * len(names), 3.6), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        for curve in report["curves"]:
            if curve["environment"] == name:
                panel.plot(curve["episodes"], curve["returns"], label=f"seed {curve['seed']}")
        optimum = next(r["optimum"] for r in report["results"] if r["environment"] == name)
        panel.axhline(optimum, linestyle="--", color="grey", label=f"optimum {optimum:.3f}")
        below = _SHOWN_BELOW_OPTIMUM.get(name, 1.0)
        panel.set(title=name, xlabel="episodes", ylim=(optimum - below, optimum + below / 15))
        panel.legend(fontsize=8)
    panels[0].set_ylabel("exact return of the greedy policy")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def write_results(report: dict[str, Any], folder: Path) -> list[Path]:
    """Writes ``learning.json``, ``learning.md`` and ``learning.png``; returns their paths."""
    paths = [folder / f"learning.{kind}" for kind in ("json", "md", "png")]
    document = {**report, "python": platform.python_version(), "numpy": np.__version__}
    paths[0].write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(results_table(report), encoding="utf-8")
    draw_curves(report, paths[2])
    return paths


def main(arguments: Sequence[str] | None = None, *, setups: Sequence[Setup] = SETUPS) -> int:
    """Runs the benchmark from the command line; returns 1 if a gate was missed."""
    parser = argparse.ArgumentParser(
        prog="python -m aqe.bench.studies.learners.learning_report", description=__doc__
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--output", type=Path, help="folder for the table, picture and data")
    options = parser.parse_args(arguments)
    report = run(
        options.seeds, setups=setups, note=lambda line: print(line, file=sys.stderr, flush=True)
    )
    json.dump({"results": report["results"]}, sys.stdout, indent=1)
    sys.stdout.write("\n")
    if options.output is not None:
        write_results(report, options.output)
    return 0 if all(result["passed"] for result in report["results"]) else 1


if __name__ == "__main__":
    sys.exit(main())
