"""Defines ``aqe improve``: consolidates what was learned, once or at an interval."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from ...learning import (
    CycleReport,
    CycleRow,
    ImprovementStatus,
    LoopRow,
    SQLiteLearningBackend,
    StageError,
    StageReport,
    loop_is_alive,
    request_stop,
    run_cycle,
    run_loop,
)
from ...schema import DatabaseBusyError, utc_now
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import counted, plain, print_json, stderr, stdout, table
from ..shell.command_class import command_app

app = command_app(
    "Consolidate what was learned: records, standings, comparisons.\n\nExamples:"
    "\n    aqe improve cycle"
)

SHOWN_CYCLES = 5


@app.command()
def cycle(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Run one cycle now; show what it changed and why.

    Examples:
        aqe improve cycle

    Raises:
        Exit: A stage failed.
    """
    with open_database(db, create=True) as database:
        report = run_cycle(SQLiteLearningBackend(database))
        if json:
            print_json({"database": database.label, "cycle": _cycle_object(report)})
        else:
            _print_cycle(report)
            print_database(database.label)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def status(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show whether the loop is running, the last cycle by stage, and the last error.

    Examples:
        aqe improve status
    """
    with open_database(db) as database:
        now = utc_now()
        with SQLiteLearningBackend(database).reading() as reader:
            state = reader.improvement_status(limit=SHOWN_CYCLES)
        running = state.loop is not None and loop_is_alive(state.loop, now=now)
        if json:
            print_json({"database": database.label, "running": running, **_status_object(state)})
            return
        stdout().print(plain(_loop_text(state.loop, running=running)))
        _print_cycles(state)
        if state.standings:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(state.standings.items()))
            stdout().print(plain(f"strategies: {counts}"))
        if state.last_error is not None:
            cycle, stage, error = state.last_error
            stdout().print(plain(f"last error: cycle {cycle}, {stage}: {error}", "red"))
        print_database(database.label)


@app.command()
def start(
    interval: Annotated[
        float, typer.Option("--interval", metavar="MINUTES", help="Minutes between cycles.")
    ] = 60.0,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Run a cycle at an interval, in the foreground, until Ctrl-C or aqe improve stop.

    Examples:
        aqe improve start --interval 30

    Raises:
        BadParameter: The interval is no number of minutes.
    """
    if not 0 < interval < float("inf"):
        raise typer.BadParameter(
            f"expected minutes above 0, got {interval}", param_hint="'--interval'"
        )
    with open_database(db, create=True, durability="normal") as database:
        cycles: list[dict[str, Any]] = []

        def show(report: CycleReport) -> None:
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
                SQLiteLearningBackend(database),
                interval_s=interval * 60,
                stop=stop,
                on_cycle=show,
                on_busy=busy,
            )
        if json:
            print_json({"database": database.label, "ended": ending, "cycles": cycles})
        else:
            stdout().print(plain(f"the loop was {ending}"))


@app.command()
def stop(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Ask the running loop to stop; it does so within a second or after its cycle.

    Examples:
        aqe improve stop
    """
    with open_database(db) as database:
        loop = request_stop(SQLiteLearningBackend(database), now=utc_now())
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


def _status_object(state: ImprovementStatus) -> dict[str, Any]:
    return {
        "loop": _row_object(state.loop),
        "cycles": state.cycle_count,
        "last_closed": _row_object(state.last_closed),
        "last_cycles": [cycle._asdict() for cycle in state.cycles],
        "stages": [stage._asdict() for stage in state.stages],
        "last_error": _row_object(state.last_error),
        "standings": state.standings,
    }


def _row_object(row: LoopRow | CycleRow | StageError | None) -> dict[str, Any] | None:
    return None if row is None else row._asdict()


def _loop_text(loop: LoopRow | None, *, running: bool) -> str:
    if loop is None:
        return "the loop was never started here"
    if running:
        minutes = loop.interval_s / 60
        every = "minute" if minutes == 1 else f"{minutes:g} minutes"
        return f"the loop has run since {loop.started_at}, every {every}, process {loop.process_id}"
    if loop.ended_at is not None:
        return f"the loop is not running; it was stopped at {loop.ended_at}"
    return f"the loop is not running; it died after {loop.heartbeat_at}"


def _print_cycles(state: ImprovementStatus) -> None:
    if not state.cycles:
        stdout().print("no data: no cycle was run yet; run one with: aqe improve cycle")
        return
    closed = state.last_closed
    last = "never" if closed is None else f"{closed.finished_at} (cycle {closed.cycle})"
    stdout().print(plain(f"{counted(state.cycle_count, 'cycle')}; last success: {last}"))
    stdout().print(plain(f"cycle {state.cycles[0].cycle}: {state.cycles[0].status}"))
    _print_stages([StageReport(*stage) for stage in state.stages])


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Yields an event that Ctrl-C and SIGTERM set, so that a cycle is never cut in half."""
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
    result = table("stage", "ms", "changed", "summary", right=("ms", "changed"))
    for stage in stages:
        text = stage.summary if stage.error is None else f"failed: {stage.error}"
        result.add_row(
            plain(stage.name), f"{stage.duration_ms:.0f}", str(stage.changed), plain(text)
        )
    stdout().print(result)
