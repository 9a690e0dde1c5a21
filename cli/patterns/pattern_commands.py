"""Lists the commands of ``aqe patterns``, in the order of the help."""

from __future__ import annotations

from typing import ClassVar

from ..command_groups import PATTERN_SHORTCUTS, CommandSource, LazyGroup
from ..shell.command_class import command_app

__all__ = ["app"]


class PatternGroup(LazyGroup):
    """The commands of ``aqe patterns``."""

    sources: ClassVar = {
        "search": PATTERN_SHORTCUTS["search"],
        "list": CommandSource(
            "patterns.pattern_search:list_patterns", "List patterns, best first."
        ),
        "similar": CommandSource(
            "patterns.pattern_search:similar", "Find the patterns nearest to a stored one."
        ),
        "show": PATTERN_SHORTCUTS["show"],
        "use": CommandSource(
            "patterns.pattern_use:use",
            "Record that a pattern was used, and whether it worked; searches then rank by it.",
        ),
        "stats": PATTERN_SHORTCUTS["stats"],
        "extract": PATTERN_SHORTCUTS["extract"],
        "store": CommandSource(
            "patterns.pattern_files:store", "Store the patterns of a file: one pattern or a list."
        ),
        "import": CommandSource(
            "patterns.pattern_files:import_file",
            "Store the patterns of a file, all or none of them.",
        ),
        "export": CommandSource(
            "patterns.pattern_files:export_file",
            "Export patterns to a file, which is written completely or not at all.",
        ),
        "reindex": CommandSource(
            "patterns.pattern_reindex:reindex",
            "Rebuild the indexes; with --encoder, re-embed every pattern first.",
        ),
        "delete": CommandSource(
            "patterns.pattern_removal:delete",
            "Delete a pattern with its versions and uses, even if it is damaged; asks first.",
        ),
        "forget": CommandSource(
            "patterns.pattern_removal:forget",
            "Remove everything from a file, folder, project, agent or run; asks first.",
        ),
    }


app = command_app(
    "Store, find and inspect test patterns.\n\n"
    "search, extract, show and stats are commands of aqe itself too.\n\n"
    "Examples:\n"
    "    aqe search retry after a timeout\n"
    "    aqe patterns list -n 20 --sort usage\n"
    "    aqe patterns export bank.jsonl",
    cls=PatternGroup,
)
