"""Measures ranking quality on judged data: ``aqe bench quality``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ...models import DEFAULT_ENCODER, create_encoder
from ..options import JsonOption, usage_errors
from ..output import plain, print_json, stderr, stdout, table
from .bench_extra import require_extra

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command("quality")(quality)


def quality(
    folder: Annotated[
        Path, typer.Argument(help="Folder with corpus.jsonl, queries.jsonl, qrels.tsv.")
    ],
    field: Annotated[
        Literal["description", "template"],
        typer.Option(
            help="Field that holds the documents: description for prose, template for code."
        ),
    ] = "description",
    qrels: Annotated[
        Path | None,
        typer.Option(help="Judgements. Default: qrels.tsv, or the only file in qrels/."),
    ] = None,
    encoder: Annotated[
        str, typer.Option(help="Encoder, named as for aqe patterns reindex.")
    ] = DEFAULT_ENCODER,
    limit_queries: Annotated[
        int | None, typer.Option(min=1, help="Number of queries to sample. Default: all.")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Keep near-duplicates in the results.")
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder that caches embeddings. Default: aqe in the user's cache folder."
        ),
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option("--db", help="Keep the bank in this file. Default: a temporary file."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure the ranking on judged data in BEIR layout: nDCG@10, MRR@10, recall@100.

    Examples:
        aqe bench quality scifact/
    """
    require_extra("aqe bench quality", "ir_measures")
    from ...bench.quality.beir import read_judged_set
    from ...bench.quality.embedding_cache import default_cache_folder
    from ...bench.quality.retrieval_quality import measure_quality

    with usage_errors("--encoder"):
        chosen = create_encoder(encoder)
    judged = read_judged_set(folder, qrels=qrels)
    count = min(limit_queries or len(judged.queries), len(judged.queries))
    with _progress(len(judged.documents), count) as (loaded, answered):
        report = measure_quality(
            judged,
            field=field,
            encoder=chosen,
            cache=cache or default_cache_folder(os.environ),
            database=db,
            limit_queries=limit_queries,
            group=not show_all,
            loaded=loaded,
            answered=answered,
        )
    if json:
        print_json(report)
    else:
        _print_report(report)


Advance = Callable[[int], None]


@contextmanager
def _progress(documents: int, queries: int) -> Iterator[tuple[Advance, Advance]]:
    """Shows two progress bars on a terminal; yields the functions that advance them."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        loading = progress.add_task("storing documents", total=documents)
        asking = progress.add_task("asking queries", total=queries)
        yield (
            lambda count: progress.advance(loading, count),
            lambda count: progress.advance(asking, count),
        )


def _print_report(report: dict[str, Any]) -> None:
    stdout().print(
        plain(
            f"{report['dataset']}: {report['documents']} documents, {report['queries']} queries,"
            f" encoder {report['encoder']}"
        )
    )
    headings = ("nDCG@10", "MRR@10", "recall@100", "p50 ms", "p95 ms")
    result = table("system", *headings, right=headings)
    for name, system in report["systems"].items():
        measures = [f"{system[key]:.4f}" for key in ("ndcg@10", "mrr@10", "recall@100")]
        times = [f"{system[key]:.1f}" for key in ("p50_ms", "p95_ms")]
        result.add_row(name, *measures, *times)
    stdout().print(result)
    best = report["gain_over_best_leg"]
    for label, gain in ((f"the {best['leg']} leg", best), ("rrf", report["gain_over_rrf"])):
        stdout().print(f"aqe against {label}: {_gain(gain)}")
    load = report["load"]
    stdout().print(
        f"stored {load['stored']} documents at {report['load_documents_per_s']:.0f}/s,"
        f" {load['embeddings_from_cache']} embeddings from the cache; empty {load['empty']},"
        f" cut {load['cut']}, rejected {load['rejected']}",
        soft_wrap=True,
    )
    changed = report["top_10_changed_by_limit_100"]
    if changed:
        stdout().print(f"--limit 100 changes the top ten of {changed} queries")


def _gain(gain: dict[str, Any]) -> str:
    low, high = gain["interval"]
    relative = "" if gain["relative"] is None else f" ({100 * gain['relative']:+.1f} %)"
    return f"{gain['ndcg@10']:+.4f}{relative}, 95 % interval {low:+.4f} to {high:+.4f}"
