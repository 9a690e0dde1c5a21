"""Checks the installation and the bank in one go: ``aqe doctor``."""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal, NamedTuple

import typer

from aqe import __version__

from ...schema import AqeError, Database, DatabaseError, DatabaseLocation
from ..options import DatabaseOption, JsonOption, locate, print_database
from ..output import counted, plain, print_json, stdout, table
from ..shell.config_file import config_path, settings

__all__ = ["doctor"]

State = Literal["ok", "note", "failed"]
_STYLES: dict[State, str] = {"ok": "green", "note": "yellow", "failed": "red"}
# Extra -> what needs it.
_EXTRAS = {"embed": "other encoders", "bench": "aqe bench quality and learning"}
_REQUIREMENT = re.compile(
    r"""(?P<name>[\w.-]+)[^;]*(?:;.*extra\s*==\s*['"](?P<extra>[\w-]+)['"])?"""
)
_REPAIR = "aqe db repair"
_REINSTALL = "pip install --force-reinstall aqe"


class Check(NamedTuple):
    """The result of one check.

    Attributes:
        state: ``failed`` if something does not work; ``note`` if it works and could be better.
        fix: What to do; empty if nothing.
    """

    area: str
    state: State
    detail: str
    fix: str = ""


def doctor(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Check the installation and the bank in one go; exit code 1 if something fails.

    Examples:
        aqe doctor
        aqe doctor --json | jq '.checks[] | select(.state != "ok")'

    Raises:
        Exit: Something failed.
    """
    checks = [*_installation(), *_configuration()]
    label = ""
    if all(check.state != "failed" or check.area != "config" for check in checks):
        location = locate(db)
        label = str(location.path)
        checks += _bank(location)
    failed = [check for check in checks if check.state == "failed"]
    if json:
        print_json(
            {
                "database": label,
                "ok": not failed,
                "checks": [check._asdict() for check in checks],
            }
        )
    else:
        _print_checks(checks)
        print_database(label)
    if failed:
        raise typer.Exit(1)


def _print_checks(checks: Iterable[Check]) -> None:
    result = table("check", "state", "detail", "to do")
    for check in checks:
        state = plain(check.state, _STYLES[check.state])
        result.add_row(check.area, state, plain(check.detail), plain(check.fix))
    for column in result.columns[2:]:
        column.overflow = "fold"
    stdout().print(result)


def _installation() -> Iterator[Check]:
    yield Check("aqe", "ok", f"{__version__}, Python {platform.python_version()}")
    yield from _packages()
    with Database() as database:
        has_vectors = database.has_vectors
    detail = f"SQLite of apsw {_version('apsw')}"
    if has_vectors:
        yield Check("sqlite", "ok", f"{detail}, sqlite-vec {_version('sqlite-vec')}")
    else:
        fix = "pip install --force-reinstall sqlite-vec"
        yield Check("sqlite", "failed", f"{detail}, sqlite-vec cannot be loaded", fix)
    yield _encoder()
    yield _parsers()


def _packages() -> Iterator[Check]:
    """Yields a check of the core's packages, and one of each extra."""
    try:
        listed = requires("aqe") or []
    except PackageNotFoundError:
        yield Check("packages", "note", "aqe runs from its source; its packages are not listed")
        return
    found = [match for line in listed if (match := _REQUIREMENT.match(line))]
    for extra in (None, *_EXTRAS):
        names = [match["name"] for match in found if match["extra"] == extra]
        missing = [name for name in names if not _version(name)]
        area = f"extra {extra}" if extra else "packages"
        install = f"pip install 'aqe[{extra}]'" if extra else _REINSTALL
        if not missing:
            yield Check(area, "ok", f"{counted(len(names), 'package')} installed")
        elif extra:
            absent = f"not installed: {', '.join(missing)}; {_EXTRAS[extra]} need it"
            yield Check(area, "ok", absent, install)
        else:
            yield Check(area, "failed", f"not installed: {', '.join(missing)}", install)


def _version(package: str) -> str:
    """Returns the version of an installed package; empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _encoder() -> Check:
    from ...models import DEFAULT_ENCODER, create_encoder

    try:
        encoder = create_encoder()
        encoder.encode_query("a test")
    except (AqeError, ImportError, OSError) as error:
        return Check("encoder", "failed", f"{DEFAULT_ENCODER}: {error}", _REINSTALL)
    return Check("encoder", "ok", f"{encoder.name}, {encoder.dimension} dimensions")


def _parsers() -> Check:
    try:
        import_module("aqe.retrieval.extraction")  # loads them
    except ImportError as error:
        return Check("parsers", "failed", str(error), _REINSTALL)
    from ...schema import FRAMEWORKS, LANGUAGES

    return Check(
        "parsers",
        "ok",
        f"{counted(len(LANGUAGES), 'language')}, {counted(len(FRAMEWORKS), 'framework')}",
    )


def _configuration() -> Iterator[Check]:
    try:
        found = settings()
    except AqeError as error:
        yield Check("config", "failed", str(error), "correct it")
        return
    values = ((name, getattr(found, name)) for name in found.__slots__)
    given = ", ".join(f"{name} {value}" for name, value in values if value is not None)
    path = config_path()
    yield Check("config", "ok", f"{path or 'no .aqe/config.toml'}{f': {given}' if given else ''}")


def _bank(location: DatabaseLocation) -> Iterator[Check]:
    if not location.path.exists():
        state: State = "note" if location.is_default else "failed"
        yield Check("bank", state, f"none: {location.reason}", "aqe init")
        return
    from ...maintenance import check_database

    try:
        report = check_database(location.path)
    except DatabaseError as error:
        yield Check("bank", "failed", str(error))
        return
    facts = report.facts
    size = f", {facts.size_bytes / 1e6:.1f} MB" if facts else ""
    yield Check("bank", "ok", f"{counted(report.patterns, 'pattern')}{size} ({location.reason})")
    if report.problems:
        areas = Counter(problem.area for problem in report.problems)
        listed = ", ".join(f"{area} {count:,}" for area, count in areas.items())
        problems = counted(len(report.problems), "problem")
        yield Check("integrity", "failed", f"{problems}: {listed}", _REPAIR)
        return
    yield Check("integrity", "ok", "no problem found")
    if report.secrets:
        rows = sum(found.rows for found in report.secrets)
        detail = f"{counted(rows, 'row')} with secrets of an earlier version"
        yield Check("secrets", "note", detail, f"{_REPAIR} --redact")
    yield from _pending(location)


def _pending(location: DatabaseLocation) -> Iterator[Check]:
    """Yields what is to be done in a sound bank."""
    from ...retrieval import QEReasoningBank
    from ...retrieval.storage.sqlite.disk_usage import measure_disk_usage

    with Database(location.path, create=False) as database:
        usage = measure_disk_usage(database)
        statistics = QEReasoningBank(database).get_statistics()
    cleanup = "aqe memory cleanup"
    if not statistics.patterns:
        yield Check("patterns", "note", "the bank is empty", "aqe extract PATH")
    if statistics.gone:
        detail = f"{counted(statistics.gone, 'test')} of the bank gone from the suites"
        yield Check("patterns", "note", detail, "aqe extract PATH --prune")
    if usage.wants_vector_file and not usage.vector_file_bytes:
        yield Check("vectors", "note", "the vector file is missing; searches are slow", cleanup)
    elif usage.vector_file_changes:
        changes = counted(usage.vector_file_changes, "change")
        yield Check("vectors", "note", f"{changes} not yet in the vector file", cleanup)
    if usage.free_bytes > usage.database_bytes // 2 > 5_000_000:
        detail = f"{usage.free_bytes / 1e6:.0f} MB of the file are free pages"
        yield Check("disk", "note", detail, f"{cleanup} --vacuum")
