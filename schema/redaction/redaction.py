"""Finds secrets in text and replaces each with a typed placeholder.

The rules are anchored (RELIABILITY section 5): a kind of secret is recognised by its prefix
(``secret_rules.py``), by its name (``named_secrets.py``) or by its place (``secret_places.py``),
never by entropy alone, because entropy mistakes UUIDs and hashes for secrets. Tokens are long, so
their rules are tried only where a text has long words; clean text costs little, and every
expression takes linear time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from .named_secrets import NAMED_KINDS, named_secrets
from .randomness import looks_random
from .secret_places import SECRET_PLACES, SecretPlace
from .secret_rules import TOKEN_FORMS, TokenForm

__all__ = ["SECRET_KINDS", "SEPARATOR", "SecretFinding", "find_secrets", "holds_secrets", "redact"]

# A token starts where no letter or digit precedes it; the letter of an escape (`\n`) and the digits
# of a percent escape (`%3D`) belong to the text around it. Checked after the token's first
# character, so that the search can skip from one such character to the next.
_STARTED = r"(?:(?<![A-Za-z0-9].)|(?<=\\[nrt].)|(?<=%[0-9A-Fa-f]{2}.))"
_END = r"(?![A-Za-z0-9])"
# As it is written, or percent-encoded in a key of learning.
_PLACEHOLDER = re.compile(r"(?:<|%3[Cc])redacted(?::|%3[Aa])[a-z0-9-]{1,40}(?:>|%3[Ee])")
_FIRST = re.compile(r"\[[^\]]+\]|\\?.")
# A word that may hold a token, with the signs that may join it to its neighbours.
_LONG_WORD = re.compile(r"[A-Za-z0-9_+/=.~:\\%-]{20,}")
# Separates texts that are scanned together: more blanks than any rule skips.
SEPARATOR = "\n" * 18
_COOKIE_VALUE = re.compile(r"=(?:\\{0,16}[\"'])?(?P<secret>[^\s;,=\"'\\<>{}()$]{16,1024}={0,2})")
_MIN_COOKIE_CHARS = 16

# Each kind once.
SECRET_KINDS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        [rule.kind for rule in TOKEN_FORMS]
        + [place.kind for place in SECRET_PLACES]
        + list(NAMED_KINDS)
    )
)


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A secret: its kind, and its position in the text (``text[start:end]``)."""

    kind: str
    start: int
    end: int


def find_secrets(text: str) -> list[SecretFinding]:
    """Returns the secrets in a text by position, without overlaps (the longest wins)."""
    findings = [*_tokens(text), *_places(text), *_named(text)]
    if findings and "redacted" in text:
        findings = _outside_placeholders(text, findings)
    return _without_overlaps(findings)


def holds_secrets(texts: Iterable[str]) -> bool:
    """Returns whether any of the texts holds a secret; scans them all at once."""
    return bool(find_secrets(SEPARATOR.join(texts)))


def redact(text: str) -> str:
    """Returns the text with each secret replaced by ``<redacted:kind>``.

    Idempotent: the result contains nothing more to redact.
    """
    findings = find_secrets(text)
    while findings:  # a replacement may expose a token that was joined to its neighbour
        pieces: list[str] = []
        position = 0
        for finding in findings:
            pieces += [text[position : finding.start], f"<redacted:{finding.kind}>"]
            position = finding.end
        text = "".join((*pieces, text[position:]))
        findings = find_secrets(text)
    return text


def _tokens(text: str) -> Iterator[SecretFinding]:
    words = "\n".join(_LONG_WORD.findall(text))
    if not words:
        return
    for form in dict.fromkeys([form for needle, form in _form_needles() if needle in words]):
        pattern = _token_pattern(form)
        if pattern.search(words):
            for match in pattern.finditer(text):
                yield SecretFinding(form.kind, *match.span())


def _places(text: str) -> Iterator[SecretFinding]:
    for place in dict.fromkeys([place for needle, place in _place_needles() if needle in text]):
        for match in _place_pattern(place).finditer(text):
            if place.kind == "cookie":
                yield from _cookies(match)
                continue
            group = "secret" if "secret" in match.re.groupindex else 0
            if not place.min_random or looks_random(match[group], place.min_random):
                yield SecretFinding(place.kind, *match.span(group))


def _cookies(header: re.Match[str]) -> Iterator[SecretFinding]:
    """Yields the random values of a cookie header."""
    for match in _COOKIE_VALUE.finditer(header.string, *header.span()):
        if looks_random(match["secret"], _MIN_COOKIE_CHARS):
            yield SecretFinding("cookie", *match.span("secret"))


def _named(text: str) -> Iterator[SecretFinding]:
    for found in named_secrets(text):
        yield SecretFinding(*found)


@cache
def _form_needles() -> tuple[tuple[str, TokenForm], ...]:
    return tuple((needle, form) for form in TOKEN_FORMS for needle in form.needles.split())


@cache
def _place_needles() -> tuple[tuple[str, SecretPlace], ...]:
    return tuple((needle, place) for place in SECRET_PLACES for needle in place.needles.split())


@cache
def _token_pattern(form: TokenForm) -> re.Pattern[str]:
    """Returns the expression of a token, compiled when a text first contains its needle."""
    first = _FIRST.match(form.pattern)
    assert first is not None  # every pattern begins with one character or class
    rest = form.pattern[first.end() :]
    return re.compile(f"{first[0]}{_STARTED}(?:{rest}){_END}")


@cache
def _place_pattern(place: SecretPlace) -> re.Pattern[str]:
    return re.compile(place.pattern)


def _outside_placeholders(text: str, findings: list[SecretFinding]) -> list[SecretFinding]:
    """Returns the findings that touch no placeholder of an earlier redaction."""
    placeholders = [match.span() for match in _PLACEHOLDER.finditer(text)]
    starts = [start for start, _ in placeholders]
    return [
        finding
        for finding in findings
        if (before := bisect_left(starts, finding.end) - 1) < 0
        or placeholders[before][1] <= finding.start
    ]


def _without_overlaps(findings: list[SecretFinding]) -> list[SecretFinding]:
    kept: list[SecretFinding] = []
    for finding in sorted(findings, key=lambda found: (found.start, -found.end, found.kind)):
        if kept and finding.start < kept[-1].end:
            if finding.end > kept[-1].end:  # neither contains the other: redact both
                last = kept[-1]
                kept[-1] = SecretFinding(last.kind, last.start, finding.end)
            continue
        kept.append(finding)
    return kept
