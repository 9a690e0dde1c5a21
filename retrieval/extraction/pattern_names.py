"""Derives the name and description of a pattern from the names and docstring of its test."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from ...models import WORD_BOUNDARY
from ...schema.records.patterns import MAX_NAME_CHARS

__all__ = ["describe", "pattern_name", "topic_of", "words_of"]

# A longer first paragraph of a docstring is cut after its first sentence.
_MAX_DESCRIPTION_CHARS = 500

# A suite repeats its identifiers; splitting one takes 3 microseconds.
_MAX_IDENTIFIERS = 4_096

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"(])")
_BARE_TITLE = re.compile(r"\w+\Z")
# Titles that say nothing of what is tested.
_VAGUE_TITLE = re.compile(
    r"(?i:(?:it )?(?:should |can |must |will )?(?:just )?(?:works?|renders?|runs?|pass(?:es)?"
    r"|loads?|be (?:ok|created|defined)|exists?|compiles?|mounts?)"
    r"(?: (?:correctly|properly|fine|as expected|normally|ok|without (?:crashing|errors?)))?"
    r"|(?:test|case|example|scenario|issue|untitled|basic|simple|default|smoke|main|ok|success)?"
    r"(?: test| usage| case)?[ #]*\d*)[.!]?\Z"
)
# Words of a file's name that say that it holds tests.
_TEST_WORDS = frozenset("test tests spec specs cy e2e unit integration test-d index int".split())


def pattern_name(chain: tuple[str, ...], title: str, *, separator: str) -> str:
    """Returns the chain and title as one line of at most 200 characters, cut with an ellipsis."""
    name = separator.join(part for part in (*map(_one_line, chain), _one_line(title)) if part)
    if len(name) <= MAX_NAME_CHARS:
        return name or "unnamed test"
    # The end distinguishes the tests of a block, so the cut is in the middle.
    head = MAX_NAME_CHARS // 2
    return f"{name[:head]}…{name[len(name) - (MAX_NAME_CHARS - head - 1) :]}"


def describe(chain: tuple[str, ...], title: str, doc: str, topic: str = "") -> str:
    """Returns the docstring's first paragraph, a title made of words, or the split name.

    Args:
        topic: The words of the file's name, put before a title that says nothing by itself.
    """
    paragraph = _one_line(re.split(r"\n\s*\n", doc.strip(), maxsplit=1)[0])
    if paragraph:
        return _shortened(paragraph)
    if not _BARE_TITLE.match(title):
        return _shortened(_with_topic(_one_line(title), topic, "".join(chain)))
    around = " ".join(
        words_of(re.sub(r"^_*[Tt]est(?:s(?=[A-Z_]))?(?=[A-Z_])|Tests?(?:Case)?$", "", part))
        for part in chain
    ).strip()
    bare = re.sub(r"^(?:test_?|Test_?(?=[A-Z_\d]))(?=.)", "", title)
    name = _with_topic(words_of(bare) or title, topic, around)
    return _shortened(f"{around}: {name}" if around else name)


@lru_cache(maxsize=64)
def topic_of(path: str) -> str:
    """Returns the words of a test file's name: ``page set input files`` of its ``.spec.ts``.

    A name that only says that it holds tests (``index.test.ts``, ``tests.py``) is replaced by that
    of its folder.
    """
    place = PurePosixPath(path)
    for name in (place.name.partition(".")[0], *place.parts[-2:-4:-1]):
        words = words_of(re.sub(r"[^\w]+", " ", name)).split()
        told = [word for word in words if word not in _TEST_WORDS]
        if told:
            return " ".join(told)
    return ""


def _with_topic(title: str, topic: str, around: str) -> str:
    """Returns a title, after the topic if neither it nor the names around it tell one."""
    if not topic or not _VAGUE_TITLE.match(title) or words_of(around).replace("-", " ") == topic:
        return title
    return f"{topic}: {title}"


@lru_cache(maxsize=_MAX_IDENTIFIERS)
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
