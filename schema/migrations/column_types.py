"""Adds a type check to each column of a STRICT table, so that it need not be STRICT.

SQLite before 3.37 cannot read any table of a file that has a STRICT one
(https://sqlite.org/stricttables.html); it can read columns with checks. A check is dropped and
renamed with its column.
"""

from __future__ import annotations

import re

__all__ = ["with_type_checks"]

_COLUMN = re.compile(r'(?:^|(?<=[(,]))\s*"?(\w+)"?\s+(text|integer|real|blob)\b', re.MULTILINE)
_STRICT = re.compile(r"\)\s*strict(?:,\s*(without rowid))?\s*$")


def with_type_checks(sql: str) -> str:
    """Returns the ``create table`` statement of a STRICT table of ours as that of a checked one.

    Any other statement is returned as it is.
    """
    if _STRICT.search(sql) is None:
        return sql
    checked = _COLUMN.sub(r"\g<0> check (typeof(\1) in ('\2', 'null'))", sql)
    return _STRICT.sub(lambda end: f") {end[1] or ''}".rstrip(), checked)
