"""Holds what commands share beyond options and output.

``command_class`` writes help and suggests names, ``usage_report`` says what was wrong with a
command line, ``config_file`` reads ``.aqe/config.toml``, ``row_formats`` writes rows for programs,
``confirmation`` asks before something is deleted, ``editor`` opens a file, ``progress`` shows how
far a command is.
"""

from __future__ import annotations

__all__: list[str] = []
