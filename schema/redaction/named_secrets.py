"""Finds values that are secret by their name: ``db_password = "…"``, ``X-API-Key: …``, YAML, XML.

A text is searched for a few literal stems (``pass``, ``token``, ``key``); from each, an expression
reads the rest of the name, what separates it from its value, and the value, which must look random.
Every part has an upper bound, so that a text takes linear time, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from .randomness import MIN_RANDOM_CHARS, looks_random

__all__ = ["NAMED_KINDS", "NamedValue", "named_secrets"]

# What must precede `key` for it to name a secret; case, dashes and underscores aside.
_KEY_QUALIFIERS: Final = (
    *("access", "account", "admin", "aes", "algolia", "api", "app", "application", "auth"),
    *("authentication", "bot", "client", "consumer", "cookie", "crypt", "crypto", "decrypt"),
    *("decryption", "deploy", "deployment", "encrypt", "encryption", "function", "hmac", "host"),
    *("ingest", "ingestion", "insights", "instrumentation", "integration", "jwt", "licence"),
    *("license", "master", "personal", "priv", "private", "project", "rsa", "sas", "seal"),
    *("search", "server", "service", "session", "shared", "sign", "signature", "signing", "ssh"),
    *("storage", "subscription", "symmetric", "team", "user", "webhook", "write", "x"),
)
_A_WORD: Final = ("",)  # nothing that belongs to the same word
# What may precede a bare `pass`.
_PASS_QUALIFIERS: Final = (
    "admin",
    "db",
    "ftp",
    "ldap",
    "mail",
    "my",
    "pg",
    "redis",
    "root",
    "smtp",
    "user",
)
_MAX_QUALIFIER_CHARS = 24
_IN_PLACEHOLDER = re.compile(r"redacted(?::|%3[Aa])[a-z0-9-]*\Z")
_MAX_VALUE_CHARS = 2048

_QUOTE = r"(?:\\{0,16}[\"'`]|&quot;|%22)"
# Between a name and its value: a quote or bracket that ends the name, then a sign or blanks.
# `name: str = value`, `"name": "X", "value": "…"` and `key="X" value="…"` have one more word.
_SEPARATOR = (
    rf"(?:{_QUOTE}?[\])]?"
    r"(?:"
    rf"(?:[,\s#*]|\\{{1,8}}n|//){{1,16}}-?{_QUOTE}?value{_QUOTE}?\s{{0,4}}[:=]\s{{0,8}}"
    r"|[?!]?\s{0,4}:\s{0,4}[A-Za-z][\w.| \[\]]{0,32}=(?!=)\s{0,8}"
    r"|\s{0,8}(?::=|=>|[!=]={1,2}|\?=|=3D|[=:,>]|%3[AaDd])(?:\\[nrt]|\s){0,8}"
    r"|[ \t+]{1,8}"
    r"))"
)
# `Bearer`, the function that a value is passed to, the prefix of its literal, and its quote.
_OPENING = (
    rf"(?:(?:basic|bearer|token|apikey|api-key|digest|bot|splunk)(?:[ \t+:]|%20){{1,4}})?"
    rf"(?:[A-Za-z_][\w.]{{0,30}}\((?={_QUOTE}|[bruf]{_QUOTE}))?"
    rf"(?:[bruf]{{0,2}}(?P<quote>{_QUOTE}))?"
    r"(?:(?:basic|bearer|token|apikey|api-key|digest|bot)(?:[ \t+]|%20){1,4})?"
)
_VALUE = (
    r"(?P<secret>(?(quote)"
    rf"(?:[^\s\"'`\\<>{{}}()$]|\$(?![{{(])){{{MIN_RANDOM_CHARS},{_MAX_VALUE_CHARS}}}+"
    rf"|[^\s\"'`\\<>{{}}()\[\],;&|$=:]{{{MIN_RANDOM_CHARS},{_MAX_VALUE_CHARS}}}+"
    r"={0,3}(?![\w(\[])))"
)


class NamedValue(NamedTuple):
    """A value that its name shows to be secret, and its position in the text."""

    kind: str
    start: int
    end: int


class _Stem(NamedTuple):
    """A literal that a name contains, and the expression that reads on from it."""

    kind: str
    literal: str
    pattern: re.Pattern[str]
    qualifiers: tuple[str, ...] = ()  # one of them must precede the literal
    min_chars: int = MIN_RANDOM_CHARS


def _stem(
    kind: str,
    literal: str,
    rest: str,
    *,
    separator: str = _SEPARATOR,
    qualifiers: tuple[str, ...] = (),
    min_chars: int = MIN_RANDOM_CHARS,
) -> _Stem:
    pattern = re.compile(literal + rest + separator + _OPENING + _VALUE, re.IGNORECASE)
    return _Stem(kind, literal, pattern, qualifiers, min_chars)


_STEMS: Final = (
    _stem("password", "pass", r"(?:w(?:or)?d|wd|phrase|code|key)[\w.-]{0,24}"),
    _stem("password", "pass", r"(?![A-Za-z])", qualifiers=_PASS_QUALIFIERS),
    _stem("password", "pass", r"(?![A-Za-z])(?!\s{1,8}[^\s=:>,])", qualifiers=_A_WORD),
    _stem("password", "pwd", r"(?![a-z])[\w-]{0,16}"),
    _stem("secret", "secret", r"[\w.-]{0,24}"),
    _stem("token", "token", r"(?!i[sz])[\w.-]{0,24}"),
    _stem("key", "key", r"[\w-]{0,24}", qualifiers=_KEY_QUALIFIERS),
    _stem("secret", "credential", r"[\w-]{0,24}"),
    _stem(
        "authorization-header", "auth", r"(?:orization|entication)?(?:[_-][\w-]{0,24})?(?![A-Za-z])"
    ),
    _stem("authorization-header", "bearer", "", separator=r"(?:[ \t+]|%20|%2B){1,4}"),
    _stem(
        "session",
        "sess",
        r"(?:ion)?(?:[_.-]?(?:id|key|token|cookie|secret)(?![A-Za-z])"
        r"|(?![A-Za-z])(?!\\{0,16}['\"`],))",
        min_chars=16,
    ),
    _stem("signature", "sig", r"(?:nature)?", separator="(?:=|=3D|%3D)", min_chars=20),
    _stem("signature", "signature", "", separator="(?:=|=3D|%3D)", min_chars=20),
)
NAMED_KINDS: Final = tuple(dict.fromkeys(stem.kind for stem in _STEMS))


def named_secrets(text: str) -> Iterator[NamedValue]:
    """Yields the values of a text that are secret by their name and look random."""
    lower = _lowered(text)
    for stem in _STEMS:
        start = lower.find(stem.literal)
        while start >= 0:
            match = stem.pattern.match(text, start) if _is_qualified(stem, lower, start) else None
            if (
                match
                and looks_random(match["secret"], stem.min_chars)
                and not _is_placeholder(text, start)
            ):
                yield NamedValue(stem.kind, *match.span("secret"))
            start = lower.find(stem.literal, start + len(stem.literal))


def _lowered(text: str) -> str:
    """Returns the text in lower case, every character in its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(char.lower() if char.isascii() else char for char in text)


def _is_qualified(stem: _Stem, lower: str, start: int) -> bool:
    """Returns whether what precedes a stem makes a name of it."""
    if not stem.qualifiers:
        return True
    before = lower[max(0, start - _MAX_QUALIFIER_CHARS) : start]
    if stem.qualifiers == _A_WORD:
        return not before[-1:].isalpha()
    return before.rstrip("_-. ").endswith(stem.qualifiers)


def _is_placeholder(text: str, start: int) -> bool:
    """Returns whether a position is inside ``<redacted:kind>``."""
    return _IN_PLACEHOLDER.search(text, max(0, start - 40), start) is not None
