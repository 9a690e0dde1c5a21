"""``aqe improve``: consolidates what was learned, once or again and again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from ..learning import (
    CycleReport,
    LearningStore,
    StageReport,
    loop_is_alive,
    request_stop,
    run_cycle,
    run_loop,
)
from ..schema import DatabaseBusyError, utc_now
from .options import DatabaseOption, JsonOption, open_database, print_database
from .output import plain, print_json, stderr, stdout, table

app = typer.Typer(
    help="Consolidate what was learned: patterns, standings, comparisons.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SHOWN_CYCLES = 5


@app.command()
def cycle(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Run one cycle now, and say what it did and why."""
    with open_database(db) as database:
        report = run_cycle(LearningStore(database))
        if json:
            print_json({"database": database.label, "cycle": _cycle_object(report)})
        else:
            _print_cycle(report)
            print_database(database.label)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def status(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show whether the loop runs, when it last closed, stage by stage, and the last error."""
    with open_database(db) as database:
        now = utc_now()
        with LearningStore(database).reading() as rows:
            loop = rows.improvement.loop()
            count = rows.improvement.cycle_count()
            cycles = rows.improvement.cycles(limit=SHOWN_CYCLES)
            stages = rows.improvement.stages(cycles[0].cycle) if cycles else []
            closed = rows.improvement.last_closed()
            error = rows.improvement.last_error()
            standings = rows.standing.standings()
        running = loop is not None and loop_is_alive(loop, now=now)
        if json:
            print_json(
                {
                    "database": database.label,
                    "running": running,
                    "loop": None if loop is None else loop._asdict(),
                    "cycles": count,
                    "last_closed": None if closed is None else closed._asdict(),
                    "last_cycles": [one._asdict() for one in cycles],
                    "stages": [stage._asdict() for stage in stages],
                    "last_error": None
                    if error is None
                    else dict(zip(("cycle", "stage", "error"), error, strict=True)),
                    "standings": standings,
                }
            )
            return
        if loop is None:
            stdout().print("the loop was never started here")
        elif running:
            every = f"every {loop.interval_s / 60:g} minutes, process {loop.process_id}"
            stdout().print(plain(f"the loop runs since {loop.started_at}, {every}"))
        elif loop.ended_at is not None:
            stdout().print(plain(f"the loop does not run; it was stopped at {loop.ended_at}"))
        else:
            stdout().print(
                plain(f"the loop does not run; it died, last heard of at {loop.heartbeat_at}")
            )
        if not cycles:
            stdout().print("no data: no cycle was run yet; run one with: aqe improve cycle")
        else:
            last = "never" if closed is None else f"{closed.finished_at} (cycle {closed.cycle})"
            stdout().print(plain(f"{count} cycles; the last that ended well: {last}"))
            stdout().print(plain(f"cycle {cycles[0].cycle}: {cycles[0].status}"))
            _print_stages([StageReport(*stage) for stage in stages])
        if standings:
            counts = ", ".join(f"{number} {name}" for name, number in sorted(standings.items()))
            stdout().print(plain(f"strategies: {counts}"))
        if error is not None:
            stdout().print(plain(f"last error: cycle {error[0]}, {error[1]}: {error[2]}", "red"))
        print_database(database.label)


@app.command()
def start(
    interval: Annotated[
        float, typer.Option("--interval", metavar="MINUTES", help="Minutes between cycles.")
    ] = 60.0,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Run a cycle every so often, here in the foreground, until Ctrl-C or aqe improve stop."""
    if not 0 < interval < float("inf"):
        raise ValueError(f"--interval must be above 0 minutes, got {interval}")
    with open_database(db, durability="normal") as database:
        cycles: list[dict[str, Any]] = []

        def told(report: CycleReport) -> None:
            if json:
                cycles.append({"cycle": report.cycle, "failed": report.failed})
            else:
                _print_cycle(report)

        def busy(error: DatabaseBusyError) -> None:
            stderr().print(plain(f"cycle skipped: {error}"))

        if not json:
            print_database(database.label)
        with _stopped_by_signals() as stop:
            ending = run_loop(
                LearningStore(database),
                interval_s=interval * 60,
                stop=stop,
                on_cycle=told,
                on_busy=busy,
            )
        if json:
            print_json({"database": database.label, "ended": ending, "cycles": cycles})
        else:
            stdout().print(plain(f"the loop was {ending}"))


@app.command()
def stop(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Ask the running loop to end, which it does within a second or after its cycle."""
    with open_database(db) as database:
        loop = request_stop(LearningStore(database), now=utc_now())
        if json:
            print_json(
                {
                    "database": database.label,
                    "was_running": loop is not None,
                    "process_id": None if loop is None else loop.process_id,
                }
            )
            return
        if loop is None:
            stdout().print("no loop is running on this database: nothing to stop")
        else:
            stdout().print(plain(f"asked process {loop.process_id} to stop"))
        print_database(database.label)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Gives an event that Ctrl-C and SIGTERM set, so that a cycle is never cut in half."""
    event = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: event.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cycle_object(report: CycleReport) -> dict[str, Any]:
    return {
        "cycle": report.cycle,
        "started_at": report.started_at.isoformat(),
        "finished_at": report.finished_at.isoformat(),
        "status": "failed" if report.failed else "done",
        "stages": [
            {
                "stage": stage.name,
                "duration_ms": stage.duration_ms,
                "changed": stage.changed,
                "summary": stage.summary,
                "error": stage.error,
            }
            for stage in report.stages
        ],
    }


def _print_cycle(report: CycleReport) -> None:
    state = "failed" if report.failed else "done"
    stdout().print(plain(f"cycle {report.cycle} {state} at {report.finished_at:%H:%M:%S} UTC"))
    _print_stages(report.stages)


def _print_stages(stages: Sequence[StageReport]) -> None:
    result = table("stage", "ms", "changed", "what and why", right=("ms", "changed"))
    for stage in stages:
        text = stage.summary if stage.error is None else f"failed: {stage.error}"
        result.add_row(
            plain(stage.name), f"{stage.duration_ms:.0f}", str(stage.changed), plain(text)
        )
    stdout().print(result)
