"""Prepares text for the encoders: identifiers split, size bounded, valid Unicode."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["WORD_BOUNDARY", "as_texts", "bounded", "split_identifiers"]

# Between a lower-case letter or digit and an upper-case letter, and between an acronym and a
# word: the preparation that the default encoder was trained with (its card, "Use"). The one
# definition of where a camelCase identifier is split.
WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def split_identifiers(text: str) -> str:
    """Returns the text with the identifiers in it split into words.

    ``parseHTTPResponse_v2`` becomes ``parse HTTP Response v2``. Only ASCII letters mark a
    boundary; everything else stays as it is.
    """
    return WORD_BOUNDARY.sub(" ", text).replace("_", " ")


def as_texts(texts: Sequence[str]) -> Sequence[str]:
    """Returns the texts after checking that they are a sequence of texts.

    Raises:
        TypeError: ``texts`` is a single text, not a sequence, or holds something that is not text.
    """
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise TypeError(f"texts must be a sequence of texts, got {type(texts).__name__}")
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"a text to encode must be a str, got {type(text).__name__}")
    return texts


def bounded(text: str, max_chars: int) -> str:
    """Returns at most the first ``max_chars`` characters, lone surrogates replaced by ``?``.

    Tokenisers take UTF-8, which has no lone surrogates; source files read with
    ``errors="surrogateescape"`` do.

    Raises:
        TypeError: ``text`` is not text.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text to encode must be a str, got {type(text).__name__}")
    text = text[:max_chars]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
