"""Derives the name and description of a pattern from the names and docstring of its test."""

from __future__ import annotations

import re

from ...models import WORD_BOUNDARY
from ...schema.records.patterns import MAX_NAME_CHARS

__all__ = ["describe", "pattern_name", "words_of"]

# A longer first paragraph of a docstring is cut after its first sentence.
_MAX_DESCRIPTION_CHARS = 500

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"(])")
_BARE_TITLE = re.compile(r"\w+\Z")


def pattern_name(chain: tuple[str, ...], title: str, *, separator: str) -> str:
    """Returns the chain and title as one line of at most 200 characters, cut with an ellipsis."""
    name = separator.join(part for part in (*map(_one_line, chain), _one_line(title)) if part)
    if len(name) <= MAX_NAME_CHARS:
        return name or "unnamed test"
    # The end distinguishes the tests of a block, so the cut is in the middle.
    head = MAX_NAME_CHARS // 2
    return f"{name[:head]}…{name[len(name) - (MAX_NAME_CHARS - head - 1) :]}"


def describe(chain: tuple[str, ...], title: str, doc: str) -> str:
    """Returns the docstring's first paragraph, a title made of words, or the split name."""
    paragraph = _one_line(re.split(r"\n\s*\n", doc.strip(), maxsplit=1)[0])
    if paragraph:
        return _shortened(paragraph)
    if not _BARE_TITLE.match(title):
        return _shortened(_one_line(title))
    around = " ".join(
        words_of(re.sub(r"^_*[Tt]est(?:s(?=[A-Z_]))?(?=[A-Z_])|Tests?(?:Case)?$", "", part))
        for part in chain
    )
    name = words_of(re.sub(r"^(?:test_?|Test_?(?=[A-Z_\d]))(?=.)", "", title)) or title
    return _shortened(f"{around.strip()}: {name}" if around.strip() else name)


def words_of(identifier: str) -> str:
    """Returns an identifier in lower-case words: ``take mode 2`` for ``takeMode_2``."""
    return " ".join(WORD_BOUNDARY.sub(" ", identifier.replace("_", " ")).lower().split())


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shortened(text: str) -> str:
    if len(text) <= _MAX_DESCRIPTION_CHARS:
        return text
    sentence = _SENTENCE_END.split(text, maxsplit=1)[0]
    if len(sentence) <= _MAX_DESCRIPTION_CHARS:
        return sentence
    return f"{sentence[: _MAX_DESCRIPTION_CHARS - 1].rstrip()}…"
