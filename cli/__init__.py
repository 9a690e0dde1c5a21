"""Holds the commands of ``aqe``: a folder or file for each group, named after it.

``main`` is the entry point, ``command_groups`` lists the groups, ``options`` and ``output`` are
shared by all commands. Commands read the environment, call the library and print.
A new command goes into the file or folder of its group, a new group into ``command_groups``,
which imports a command only when it is used.
"""

from __future__ import annotations

__all__: list[str] = []
