"""Finds patterns: ``aqe patterns search``, ``list`` and ``similar``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ...retrieval import QEReasoningBank, SearchMode, SortKey
from ...retrieval.text.source_language import language_of
from ...schema import AqeError, PatternMatch, PatternSearchContext, PatternSearchCriteria
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import counted, on_terminal, plain, stderr, stdout
from ..shell.config_file import limit_of, settings
from ..shell.row_formats import FieldsOption, FormatOption, RowOutput, row_output
from .match_view import (
    MATCH_COLUMNS,
    PATTERN_COLUMNS,
    closeness_note,
    print_list,
    print_matches,
)
from .pattern_options import (
    CategoryOption,
    EncoderOption,
    FrameworkOption,
    LanguageOption,
    LimitOption,
    MinQualityOption,
    PatternId,
    ProjectOption,
    SourceOption,
    TagOption,
    encoder_of,
    pattern_of,
    source_places,
)
from .pattern_view import match_object, pattern_object

__all__ = ["list_patterns", "search", "similar"]

MAX_QUERY_CHARS = 1_000_000


def search(
    query: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY", help="What you need, in words; - reads it from stdin."),
    ] = None,
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
    project: ProjectOption = "",
    tag: TagOption = None,
    min_quality: MinQualityOption = 0.0,
    limit: LimitOption = None,
    for_file: Annotated[
        Path | None,
        typer.Option(
            "--for",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Prefer patterns for this source file: its language and the names it defines.",
        ),
    ] = None,
    mode: Annotated[
        SearchMode,
        typer.Option(help="text: full text only, no embedding model; vector: embeddings only."),
    ] = "hybrid",
    all_: Annotated[bool, typer.Option("--all", help="Show near-identical patterns too.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show each score.")] = False,
    encoder: EncoderOption = None,
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Find the patterns that fit a need best.

    Examples:
        aqe search retry after a timeout
        aqe search "login fails" -f pytest -n 3
        aqe search --for cart.py
        git log -1 --format=%s | aqe search - --format csv --fields id,name,source
    """
    output = row_output(output_format, fields, json=json)
    text = _query(query or ())
    context = _context(text, for_file)
    criteria = PatternSearchCriteria(
        framework=framework,
        category=category,
        language=language,
        project=project,
        tags=tag or (),
        min_quality=min_quality,
    )
    number = limit_of(limit)
    with open_database(db) as database:
        bank = QEReasoningBank(database, encoder=encoder_of(encoder))
        started = time.perf_counter()
        matches = bank.search(context, criteria=criteria, limit=number, mode=mode, group=not all_)
        took_ms = (time.perf_counter() - started) * 1000
        document = {"database": database.label, "query": text, "took_ms": round(took_ms, 3)}
        if not matches:
            _explain_nothing(bank, criteria, output)
        _print_matches(document, matches, output, explain=explain)
        if output.is_for_people:
            found = counted(len(matches), "pattern")
            stderr().print(plain(f"{found} in {took_ms:.0f} ms", "dim"))
            print_database(database.label)


def list_patterns(
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
    project: ProjectOption = "",
    source: SourceOption = "",
    tag: TagOption = None,
    min_quality: MinQualityOption = 0.0,
    limit: LimitOption = None,
    sort: Annotated[
        Literal["quality", "usage", "created"], typer.Option(help="Order, highest or newest first.")
    ] = "quality",
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List patterns, best first.

    Examples:
        aqe patterns list -n 20 --sort usage
        aqe patterns list -p shop --source tests/api
        aqe patterns list --format csv --fields id,name,project,source
    """
    output = row_output(output_format, fields, json=json)
    criteria = PatternSearchCriteria(
        framework=framework,
        category=category,
        language=language,
        project=project,
        tags=tag or (),
        min_quality=min_quality,
    )
    order: SortKey = sort
    number = limit_of(limit)
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        if source:
            places = source_places(bank, source, project)
            every = bank.list_patterns(criteria, order=order, limit=None)
            patterns = [
                pattern for pattern in every if any(place.includes(pattern) for place in places)
            ][:number]
        else:
            patterns = bank.list_patterns(criteria, order=order, limit=number)
        if not patterns:
            _explain_nothing(bank, criteria, output, source=source)
        if not output.is_for_people:
            objects = [pattern_object(pattern) for pattern in patterns]
            output.write({"database": database.label}, "patterns", objects, PATTERN_COLUMNS)
            return
        if patterns:
            print_list(stdout(), patterns)
        print_database(database.label)


def similar(
    id: PatternId,
    limit: LimitOption = None,
    output_format: FormatOption = None,
    fields: FieldsOption = None,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Find the patterns nearest to a stored one.

    Examples:
        aqe patterns similar 98cc6c05 -n 3
    """
    output = row_output(output_format, fields, json=json)
    number = limit_of(limit)
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = pattern_of(bank, id)
        matches = bank.find_similar_patterns(pattern.id, number)
        if not matches:
            _say("no data: the bank holds no other pattern", output)
        _print_matches({"database": database.label, "id": pattern.id}, matches, output)
        if output.is_for_people:
            print_database(database.label)


def _print_matches(
    document: dict[str, object],
    matches: Sequence[PatternMatch],
    output: RowOutput,
    *,
    explain: bool = False,
) -> None:
    objects = [match_object(match) for match in matches]
    if not output.is_for_people:
        output.write(document, "matches", objects, MATCH_COLUMNS)
    elif matches:
        if note := closeness_note(objects):
            (stdout() if on_terminal() else stderr()).print(note)
        print_matches(stdout(), matches, explain=explain)


def _explain_nothing(
    bank: QEReasoningBank,
    criteria: PatternSearchCriteria,
    output: RowOutput,
    *,
    source: str = "",
) -> None:
    from .empty_answer import empty_answer  # most searches find something

    reason = empty_answer(bank, criteria, source=source)
    _say(f"no data: {reason}", output)


def _say(text: str, output: RowOutput) -> None:
    """Prints why there are no rows: on stderr where stdout holds only rows; not next to JSON."""
    if output.format not in ("json", "jsonl"):
        console = stdout() if output.is_for_people else stderr()
        console.print(plain(text), soft_wrap=True)


def _query(words: Sequence[str]) -> str:
    """Returns the query that was typed, or read from stdin.

    Raises:
        BadParameter: It was to be read from stdin, which is empty.
    """
    if list(words) != ["-"]:
        return " ".join(words)
    text = sys.stdin.read(MAX_QUERY_CHARS).strip()
    if not text:
        raise typer.BadParameter("expected a query on stdin, got nothing", param_hint="'QUERY'")
    return text


def _context(query: str, for_file: Path | None) -> PatternSearchContext:
    preferred = settings().framework
    if for_file is None:
        return PatternSearchContext(query=query, framework=preferred)
    try:
        source = for_file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AqeError(f"cannot read {for_file}: {error.strerror}") from error
    return PatternSearchContext(
        query=query,
        framework=preferred,
        language=language_of(for_file),
        source_code=source,
    )
