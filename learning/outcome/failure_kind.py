"""Derives the name of a kind of failure from exception type and message."""

from __future__ import annotations

import re

__all__ = ["UNEXPLAINED", "failure_kind"]

UNEXPLAINED = "unexplained"
_MAX_CHARS = 120
# Some expressions below take quadratic time.
_MAX_READ = 1_000
# "ValueError: message", "pkg.mod.SomeError: message", "KeyError"
_TYPED = re.compile(
    r"\s*(?P<type>(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*"
    r"(?:Error|Exception|Warning|Timeout|Interrupt|Exit|Failure|Failed))\b\s*:?\s*(?P<message>.*)",
    re.DOTALL,
)
# Parts that differ from one occurrence of a failure to the next.
_VARIABLE_PARTS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "<address>"),
    (re.compile(r"(['\"`]).*?\1"), "'…'"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\w.@+-]*[/\\]){1,}[\w.@+-]*"), "<path>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\d+(?:\.\d+)?"), "N"),
)


def failure_kind(error: BaseException | str) -> str:
    """Returns a short name under which failures of one kind are counted.

    The name is ``ExceptionType: message`` with the first line of the message, in which numbers,
    paths, quoted text and addresses are replaced by marks, so that two occurrences of one failure
    get the same name. A text without an exception type is named by its message alone.
    """
    if isinstance(error, BaseException):
        kind, message = type(error).__name__, str(error)[:_MAX_READ]
    else:
        text = error[:_MAX_READ]
        match = _TYPED.fullmatch(text)
        kind = match["type"].rpartition(".")[2] if match else ""
        message = match["message"] if match else text
    message = _general(message)
    return (f"{kind}: {message}" if kind and message else kind or message)[
        :_MAX_CHARS
    ] or UNEXPLAINED


def _general(message: str) -> str:
    first_line = next((line for line in message.splitlines() if line.strip()), "")
    for part, mark in _VARIABLE_PARTS:
        first_line = part.sub(mark, first_line)
    return " ".join(first_line.split())
