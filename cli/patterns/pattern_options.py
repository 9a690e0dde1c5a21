"""Defines the options and arguments that several ``aqe patterns`` commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ... import schema
from ...models import Encoder, create_encoder
from ...retrieval import QEReasoningBank
from ...schema import (
    AqeError,
    Category,
    Framework,
    Language,
    PatternNotFoundError,
    TestPattern,
)
from ...schema.records.validation import require_framework, require_language
from ..command_groups import FRAMEWORK_NAMES, LANGUAGE_NAMES
from ..options import require_number, usage_errors
from ..shell.config_file import MAX_LIMIT

if TYPE_CHECKING:
    from ...retrieval.suites.typed_source import SourcePlace

__all__ = [
    "CategoryOption",
    "EncoderOption",
    "FrameworkOption",
    "LanguageOption",
    "LimitOption",
    "MinQualityOption",
    "PatternId",
    "ProjectOption",
    "SourceOption",
    "TagOption",
    "encoder_of",
    "pattern_of",
    "source_places",
]


def _require_framework(value: str | None) -> str | None:
    if value is not None:
        _check(value, require_framework, "FRAMEWORKS")
    return value


def _require_language(value: str | None) -> str | None:
    if value is not None:
        _check(value, require_language, "LANGUAGES")
    return value


def _check(value: str, require: Callable[[str, object], None], names: str) -> None:
    """Checks the value of an option that names a framework or language.

    Raises:
        BadParameter: It is not declared.
    """
    try:
        require(names, value)
    except ValueError as error:
        known = ", ".join(getattr(schema, names))
        raise typer.BadParameter(f"{value!r} is not one of {known}") from error


FrameworkOption = Annotated[
    Framework | None,
    typer.Option(
        "--framework",
        "-f",
        callback=_require_framework,
        metavar="NAME",
        help=f"Only this framework, one of: {FRAMEWORK_NAMES}.",
    ),
]
CategoryOption = Annotated[
    Category | None, typer.Option("--category", "-k", help="Only this category.")
]
LanguageOption = Annotated[
    Language | None,
    typer.Option(
        "--language",
        "-l",
        callback=_require_language,
        metavar="NAME",
        help=f"Only this language, one of: {LANGUAGE_NAMES}.",
    ),
]
ProjectOption = Annotated[
    str,
    typer.Option(
        "--project", "-p", metavar="NAME", help="Only this project; aqe stats lists them."
    ),
]
SourceOption = Annotated[
    str,
    typer.Option(
        metavar="PATH",
        help="Only from this file or folder: as you would open it from here, or as aqe prints it;"
        " with --project, also relative to that project.",
    ),
]
TagOption = Annotated[
    list[str] | None, typer.Option("--tag", "-t", help="Only with this tag; can be repeated.")
]
MinQualityOption = Annotated[
    float,
    typer.Option(
        min=0.0, max=1.0, callback=require_number, help="Only with at least this quality."
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="The bank's encoder, if it is your own: its name, or MODULE:ATTRIBUTE.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-n",
        min=1,
        max=MAX_LIMIT,
        help="Maximum number of results. Default: AQE_LIMIT, limit in .aqe/config.toml, or 10.",
    ),
]
PatternId = Annotated[str, typer.Argument(metavar="ID", help="Pattern id, or a unique prefix.")]


def encoder_of(spec: str | None) -> Encoder | None:
    """Returns the encoder of ``--encoder``, whose module may be in the working folder.

    Raises:
        BadParameter: The name is malformed.
        EncoderError: There is no such encoder.
    """
    if spec is None:
        return None
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    with usage_errors("--encoder"):
        return create_encoder(spec)


def source_places(bank: QEReasoningBank, source: str, project: str) -> list[SourcePlace]:
    """Returns what ``--source`` and ``--project`` name in a bank, from the working folder.

    Raises:
        AqeError: The bank has no such project.
    """
    from ...retrieval.suites.typed_source import SourcePlace, stored_path, typed_places

    with bank.backend.reading() as session:
        known = session.projects()
    names = [name for name in bank.get_statistics().by_project if name]
    if project and project not in names:
        raise AqeError(f"the bank has no project {project!r}; it has: {_listed(names)}")
    if not source:
        return [SourcePlace(project, "")] if project else []
    if places := typed_places(source, Path.cwd(), known, project=project):
        return places
    if not names:  # patterns that were stored by hand, or by an earlier version
        return [SourcePlace("", stored_path(source))]
    raise AqeError(
        f"{source} is in no project of this bank, which has: {_listed(names)}; check the path, or"
        " name the project with --project"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def pattern_of(bank: QEReasoningBank, prefix: str) -> TestPattern:
    """Returns the pattern whose id is or begins with ``prefix``.

    Raises:
        PatternNotFoundError: No id begins with it, or several do.
    """
    id = bank.resolve_id(prefix)
    pattern = bank.get_pattern(id)
    if pattern is None:
        raise PatternNotFoundError(f"pattern {id} was just deleted by another process")
    return pattern
