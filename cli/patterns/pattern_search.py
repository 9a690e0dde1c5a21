"""``aqe patterns``: asking the bank."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from ...retrieval import QEReasoningBank, SearchMode, SortKey
from ...retrieval.text.source_language import language_of
from ...schema import (
    AqeError,
    Category,
    Framework,
    Language,
    PatternSearchContext,
    PatternSearchCriteria,
    TestPattern,
)
from ..options import DatabaseOption, JsonOption, open_database, print_database
from ..output import plain, print_json, stderr, stdout
from . import pattern_files, pattern_forget
from .pattern_view import (
    match_object,
    pattern_object,
    print_list,
    print_matches,
    print_pattern,
    print_statistics,
    print_usage,
    print_versions,
    version_object,
)

app = typer.Typer(
    help="Store, find and inspect test patterns.", no_args_is_help=True, rich_markup_mode=None
)
pattern_files.register(app)
pattern_forget.register(app)

FrameworkOption = Annotated[Framework | None, typer.Option(help="Only this framework.")]
CategoryOption = Annotated[Category | None, typer.Option(help="Only this category.")]
LanguageOption = Annotated[Language | None, typer.Option(help="Only this language.")]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; repeat.")]
MinQualityOption = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Only with at least this quality.")
]
LimitOption = Annotated[int, typer.Option(min=1, max=4096, help="At most this many.")]
PatternId = Annotated[str, typer.Argument(metavar="ID", help="An id, or its first digits.")]


@app.command("list")
def list_patterns(
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
    tag: TagOption = None,
    min_quality: MinQualityOption = 0.0,
    limit: LimitOption = 20,
    sort: Annotated[
        Literal["quality", "usage", "created"], typer.Option(help="What comes first.")
    ] = "quality",
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List patterns, best first."""
    criteria = _criteria(framework, category, language, tag, min_quality)
    order: SortKey = sort
    with open_database(db) as database:
        patterns = QEReasoningBank(database).list_patterns(criteria, order=order, limit=limit)
        if json:
            objects = [pattern_object(pattern) for pattern in patterns]
            print_json({"database": database.label, "patterns": objects})
            return
        if patterns:
            print_list(stdout(), patterns)
        else:
            stdout().print("no data: no pattern meets the filters")
        print_database(database.label)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you need, in words.")] = "",
    framework: FrameworkOption = None,
    category: CategoryOption = None,
    language: LanguageOption = None,
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
            help="Prefer what suits this source file: its language and the names it defines.",
        ),
    ] = None,
    mode: Annotated[
        SearchMode,
        typer.Option(help="text: words alone, no embedding model; vector: meaning alone."),
    ] = "hybrid",
    all_: Annotated[
        bool, typer.Option("--all", help="Show near-identical patterns too, not one of each.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show each score.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Find the patterns that fit a need best."""
    context = _context(query, for_file)
    criteria = _criteria(framework, category, language, tag, min_quality)
    with open_database(db) as database:
        bank = QEReasoningBank(database)
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
            stdout().print("no data: nothing in the bank meets this; aqe patterns stats shows it")
        stderr().print(plain(f"{len(matches)} patterns in {took_ms:.0f} ms", "dim"))
        print_database(database.label)


@app.command()
def show(
    id: PatternId,
    history: Annotated[bool, typer.Option("--history", help="Show earlier versions.")] = False,
    usage: Annotated[bool, typer.Option("--usage", help="Show recorded uses.")] = False,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show one pattern, and why it has its quality."""
    from ...retrieval.quality.score import score_quality  # 8 ms that the other commands never need

    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = _pattern(bank, id)
        versions = bank.get_version_history(pattern.id) if history else None
        uses = bank.get_usage(pattern.id) if usage else None
        author = bank.get_provenance(pattern.id)
        score = score_quality(pattern)
        components = {
            name: getattr(score, name)
            for name in ("readability", "completeness", "specificity", "reusability", "success")
        }
        if json:
            print_json(
                {
                    "database": database.label,
                    "pattern": pattern_object(pattern),
                    "author": author,
                    "quality": {**components, "reasons": list(score.reasons)},
                    "versions": versions and [version_object(version) for version in versions],
                    "usage": uses and [asdict(use) for use in uses],
                }
            )
            return
        console = stdout()
        print_pattern(console, pattern, components, score.reasons, author)
        if versions is not None:
            print_versions(console, versions)
        if uses is not None:
            print_usage(console, uses)
        print_database(database.label)


@app.command()
def similar(
    id: PatternId,
    limit: LimitOption = 10,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Find the patterns nearest to a stored one."""
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = _pattern(bank, id)
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


@app.command()
def delete(id: PatternId, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Delete a pattern with its versions and recorded uses."""
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        pattern = _pattern(bank, id)
        if not bank.delete_pattern(pattern.id):
            raise AqeError(f"pattern {pattern.id} was deleted by another process just now")
        if json:
            print_json({"database": database.label, "deleted": pattern.id})
            return
        stdout().print(plain(f"deleted {pattern.id} {pattern.name}"))
        print_database(database.label)


@app.command()
def stats(db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show what the bank holds, counted from its rows."""
    with open_database(db) as database:
        bank = QEReasoningBank(database)
        statistics = bank.get_statistics()
        if json:
            print_json(
                {
                    "database": database.label,
                    "encoder": bank.encoder_identity,
                    **asdict(statistics),
                }
            )
            return
        print_statistics(stdout(), statistics)
        print_database(database.label)


def _criteria(
    framework: Framework | None,
    category: Category | None,
    language: Language | None,
    tags: list[str] | None,
    min_quality: float,
) -> PatternSearchCriteria:
    return PatternSearchCriteria(
        framework=framework,
        category=category,
        language=language,
        tags=tags or (),
        min_quality=min_quality,
    )


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


def _pattern(bank: QEReasoningBank, prefix: str) -> TestPattern:
    id = bank.resolve_id(prefix)
    pattern = bank.get_pattern(id)
    if pattern is None:
        raise AqeError(f"pattern {id} was deleted by another process just now")
    return pattern
