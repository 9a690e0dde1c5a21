"""Holds ``aqe report``: what a team asks, as text, Markdown or HTML.

``report_command`` runs it. ``report_content`` puts the figures into the blocks of
``report_document``, which ``report_text``, ``report_markdown`` and ``report_html`` write;
``report_json`` holds the ``--json`` document. ``statistics_view`` prints the short form of it,
``aqe patterns stats``.
"""

from __future__ import annotations

__all__: list[str] = []
