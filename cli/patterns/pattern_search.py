"""Finds patterns: ``aqe patterns search``, ``list`` and ``similar``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from ...retrieval import QEReasoningBank, SearchMode, SortKey
from ...retrieval.text.source_language import language_of
from ...schema import AqeError, PatternSearchContext, PatternSearchCriteria
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import plain, print_json, stderr, stdout
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
    nothing_found,
    pattern_of,
    source_places,
)
from .pattern_view import match_object, pattern_object, print_list, print_matches

__all__ = ["list_patterns", "search", "similar"]


def search(
    query: Annotated[str, typer.Argument(help="What you need, in words.")] = "",
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
    project: ProjectOption = "",
    tag: TagOption = None,
    min_quality: MinQualityOption = 0.0,
    limit: LimitOption = 10,
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
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Find the patterns that fit a need best."""
    context = _context(query, for_file)
    criteria = PatternSearchCriteria(
        framework=framework,
        category=category,
        language=language,
        project=project,
        tags=tag or (),
        min_quality=min_quality,
    )
    with open_database(db) as database:
        bank = QEReasoningBank(database, encoder=encoder_of(encoder))
        started = time.perf_counter()
        matches = bank.search(context, criteria=criteria, limit=limit, mode=mode, group=not all_)
        took_ms = (time.perf_counter() - started) * 1000
        if json:
            print_json(
                {
                    "database": database.label,
                    "query": query,
                    "took_ms": round(took_ms, 3),
                    "matches": [match_object(match) for match in matches],
                }
            )
            return
        if matches:
            print_matches(stdout(), matches, explain=explain)
        else:
            reason = "no pattern matches; see the bank with: aqe patterns stats"
            stdout().print(plain(nothing_found(bank, project, reason)), soft_wrap=True)
        stderr().print(plain(f"{len(matches)} patterns in {took_ms:.0f} ms", "dim"))
        print_database(database.label)


def list_patterns(
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
    project: ProjectOption = "",
    source: SourceOption = "",
    tag: TagOption = None,
    min_quality: MinQualityOption = 0.0,
    limit: LimitOption = 20,
    sort: Annotated[
        Literal["quality", "usage", "created"], typer.Option(help="Order, highest or newest first.")
    ] = "quality",
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List patterns, best first."""
    criteria = PatternSearchCriteria(
        framework=framework,
        category=category,
        language=language,
        project=project,
        tags=tag or (),
        min_quality=min_quality,
    )
    order: SortKey = sort
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        if source:
            places = source_places(bank, source, project)
            every = bank.list_patterns(criteria, order=order, limit=None)
            patterns = [
                pattern for pattern in every if any(place.includes(pattern) for place in places)
            ][:limit]
        else:
            patterns = bank.list_patterns(criteria, order=order, limit=limit)
        if json:
            objects = [pattern_object(pattern) for pattern in patterns]
            print_json({"database": database.label, "patterns": objects})
            return
        if patterns:
            print_list(stdout(), patterns)
        else:
            reason = nothing_found(bank, project, "no pattern meets the filters")
            stdout().print(plain(reason), soft_wrap=True)
        print_database(database.label)


def similar(
    id: PatternId,
    limit: LimitOption = 10,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Find the patterns nearest to a stored one."""
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = pattern_of(bank, id)
        matches = bank.find_similar_patterns(pattern.id, limit)
        if json:
            objects = [match_object(match) for match in matches]
            print_json({"database": database.label, "id": pattern.id, "matches": objects})
            return
        if matches:
            print_matches(stdout(), matches, explain=False)
        else:
            stdout().print("no data: the bank holds no other pattern")
        print_database(database.label)


def _context(query: str, for_file: Path | None) -> PatternSearchContext:
    if for_file is None:
        return PatternSearchContext(query=query)
    try:
        source = for_file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AqeError(f"cannot read {for_file}: {error.strerror}") from error
    return PatternSearchContext(
        query=query,
        language=language_of(for_file),
        source_code=source,
    )
