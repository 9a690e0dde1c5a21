"""Lists the commands of ``aqe patterns``, in the order of the help."""

from __future__ import annotations

import typer

from . import (
    pattern_details,
    pattern_extract,
    pattern_files,
    pattern_reindex,
    pattern_removal,
    pattern_search,
)
from .pattern_options import NamesCommand

__all__ = ["app"]

app = typer.Typer(
    help="Store, find and inspect test patterns.", no_args_is_help=True, rich_markup_mode=None
)
app.command("search", cls=NamesCommand)(pattern_search.search)
app.command("list", cls=NamesCommand)(pattern_search.list_patterns)
app.command("similar")(pattern_search.similar)
app.command("show")(pattern_details.show)
app.command("stats")(pattern_details.stats)
app.command("extract", cls=NamesCommand)(pattern_extract.extract)
app.command("store")(pattern_files.store)
app.command("import")(pattern_files.import_file)
app.command("export", cls=NamesCommand)(pattern_files.export_file)
app.command("reindex")(pattern_reindex.reindex)
app.command("delete")(pattern_removal.delete)
app.command("forget")(pattern_removal.forget)
