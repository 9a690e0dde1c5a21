"""Reads rows one by one, so that a damaged one does not take the others with it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from ...schema import InterchangeError

__all__ = ["FAULTS", "damaged_bytes", "one_line", "readable", "text_of"]

_log = logging.getLogger("aqe")
_Value = TypeVar("_Value")

_ESCAPED = re.compile("[\udc80-\udcff]")
# What reading a row raises whose values are not those of a record.
FAULTS = (ValueError, TypeError, OverflowError, msgspec.DecodeError, InterchangeError)


def readable(
    rows: Iterator[tuple[Any, ...]],
    read: Callable[[tuple[Any, ...]], _Value],
    *,
    id_at: int | None = None,
) -> Iterator[_Value]:
    """Yields what ``read`` makes of each row; names a row that it cannot read, and leaves it out.

    Args:
        id_at: The column with the id of the pattern, for the message; None for rows without one.
    """
    while True:
        row: tuple[Any, ...] | None = None
        try:
            row = next(rows, None)
            if row is None:
                return
            value = read(row)
        except FAULTS as error:
            subject = "a row" if row is None or id_at is None else f"pattern {row[id_at]!r}"
            _log.warning(
                "%s cannot be read and is left out (%s); find it with aqe db check, fix it with"
                " aqe db repair",
                subject,
                one_line(error),
            )
            continue
        yield value


def one_line(error: Exception) -> str:
    """Returns the message of an error on one line."""
    return " ".join(str(error).split())


def text_of(value: bytes | None) -> str:
    """Returns the text in a blob, an empty one for None; bytes that are no text as surrogates."""
    return "" if value is None else value.decode("utf-8", "surrogateescape")


def damaged_bytes(text: str) -> bytes | None:
    """Returns the bytes of a text for which ``text_of`` needed surrogates; None for any other."""
    if text.isascii() or not _ESCAPED.search(text):
        return None
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # it also has a surrogate that stands for no byte
        return None
