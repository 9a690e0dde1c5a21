"""The results of ``aqe bench learning`` as a table and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["draw_curves", "results_table"]

# Returns far below 0 while exploring would flatten everything near the optimum.
_SHOWN_BELOW_OPTIMUM = {"Taxi-v4": 40.0, "CliffWalking-v1": 60.0, "FrozenLake-v1": 0.8}


def results_table(report: dict[str, Any]) -> str:
    """Returns a Markdown page: the result of each run, and the curves as numbers."""
    lines = [
        "# The Q-learning core against environments with a known optimum",
        "",
        "`aqe bench learning` (`python -m aqe.bench.learning --output bench/results`): exact return"
        " of the greedy policy on the environment's own transition table.",
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
        lines += ["", f"## {name}, exact return after so many episodes", ""]
        lines.append("| episodes | " + " | ".join(f"seed {c['seed']}" for c in curves) + " |")
        lines.append("|---" * (len(curves) + 1) + "|")
        for row, episodes in enumerate(curves[0]["episodes"]):
            values = " | ".join(f"{curve['returns'][row]:.3f}" for curve in curves)
            lines.append(f"| {episodes} | {values} |")
    return "\n".join(lines) + "\n"


def draw_curves(report: dict[str, Any], path: Path) -> None:
    """Draws one panel an environment, one line a seed, the optimum dashed.

    Raises:
        ModuleNotFoundError: matplotlib is missing; ``pip install 'aqe[bench]'`` brings it.
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
