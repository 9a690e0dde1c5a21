"""Holds ``aqe learn``: a file for each kind of command, listed in ``learn_commands``.

``learn_commands`` shows what was learned and switches learning, ``learn_record`` stores an outcome,
``learn_export`` writes files. ``agent_commands`` is ``aqe agents``; ``learn_options`` holds shared
options, ``learn_view`` the tables.
"""

from __future__ import annotations

__all__: list[str] = []
