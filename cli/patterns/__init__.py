"""Holds ``aqe patterns``: a file for each kind of command, listed in ``pattern_commands``.

``pattern_search`` finds, ``pattern_details`` shows, ``pattern_extract`` and ``pattern_files``
store, ``pattern_reindex`` rebuilds, ``pattern_removal`` deletes. ``pattern_options`` holds shared
options, ``pattern_view`` the tables and JSON objects of patterns.
"""

from __future__ import annotations

__all__: list[str] = []
