"""Masks valid constructions that the grammars reject, without moving any other byte.

The masked code is only parsed: patterns are rendered from the original, by the same offsets. A
construction is replaced by blanks, or by an equivalent of the same length that the grammar accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from ...text.syntax_tree import Grammar

__all__ = ["mask_silent_gaps", "mask_syntax_gaps"]

_Mask: TypeAlias = tuple[re.Pattern[bytes], Callable[[re.Match[bytes]], bytes]]

_OPENING: Final = b"[({"
_CLOSING: Final = b"])}"
_PYTHON_PARAMETERS = re.compile(rb"\b(?:class|def|type)[ \t]+\w+[ \t]*\[")
_MAX_PARAMETER_BYTES = 2000


def _blank(text: bytes) -> bytes:
    return re.sub(rb"[^\n]", b" ", text)


def _blanked(match: re.Match[bytes]) -> bytes:
    return _blank(match[0])


def _replaced_by(word: bytes) -> Callable[[re.Match[bytes]], bytes]:
    return lambda match: word + _blank(match[0][len(word) :])


# A typed table, test.each<T>`...`, is read as two comparisons, without an error.
_TYPED_EACH = re.compile(rb"\.(?:each|for)\s{0,20}(?=<)")
_MAX_TYPE_BYTES = 5000
_TYPESCRIPT_MASKS: Final[tuple[_Mask, ...]] = (
    (re.compile(rb"(?<=<)\s*typeof\s+import\([^()]{1,300}\)"), _replaced_by(b"any")),
    (
        re.compile(rb"(?<=[<,])\s*(?:in\s+out|in|out)\s+(?=[A-Za-z_$][\w$]*\s*(?:[,>=]|extends))"),
        _blanked,
    ),
    (re.compile(rb"\b(?:await\s+)?using(?=\s+[\w$]+\s*=)"), _replaced_by(b"const")),
)
# JavaScript with types is read as TypeScript.
_TYPED_GRAMMARS: Final = frozenset({"javascript", "typescript", "tsx"})
_FLOW_MASKS: Final[tuple[_Mask, ...]] = (
    (re.compile(rb"^import\s+typeof\s[^;\n]*", re.MULTILINE), _blanked),
    (
        re.compile(rb"^[ \t]*declare[ \t]+(?:var|export|opaque)\s[^;]{0,2000};", re.MULTILINE),
        _blanked,
    ),
    (re.compile(rb"\bopaque(?=\s+type\b)"), _blanked),
    (re.compile(rb"(?<=\{)\||\|(?=\})"), _blanked),
    (re.compile(rb"(?<=\w)<>"), _blanked),
    (re.compile(rb"(?<=[:<|(,=])\s*\?(?=\s?[A-Za-z{(])"), _blanked),
    (re.compile(rb"(?<=[{,|\s])[+-](?=[A-Za-z_$][\w$]*\??\s*:)"), _blanked),
    (re.compile(rb",\s*\.\.\.\s*(?=\})"), _blanked),
    (re.compile(rb"(?<=[\w)\]])\s*:\s*(?:any|number|string|boolean)(?=\)[.;,)])"), _blanked),
)


def mask_silent_gaps(code: bytes, grammar: Grammar) -> bytes:
    """Returns code without the constructions that a grammar misreads without an error."""
    if grammar not in {"typescript", "tsx"} or b"`" not in code:
        return code
    for match in _TYPED_EACH.finditer(code):
        end = _end_of_types(code, match.end())
        if code[end:].lstrip()[:1] == b"`":
            code = code[: match.end()] + _blank(code[match.end() : end]) + code[end:]
    return code


def _end_of_types(code: bytes, start: int) -> int:
    """Returns where the type arguments end that start at a place, or the place itself."""
    depth = 0
    for place in range(start, min(len(code), start + _MAX_TYPE_BYTES)):
        is_arrow = code[place - 1 : place + 1] == b"=>"
        depth += (code[place] == ord("<")) - (code[place] == ord(">") and not is_arrow)
        if depth == 0:
            return place + 1
    return start


def mask_syntax_gaps(code: bytes, grammar: Grammar) -> bytes:
    """Returns code without the constructions that a grammar reports as errors.

    These are the defaults of type parameters in Python (PEP 696); in TypeScript variance, ``using``
    and types of imports; in JavaScript the types of Flow.
    """
    if grammar == "python":
        return _without_type_defaults(code)
    if grammar not in _TYPED_GRAMMARS:
        return code
    masks = _TYPESCRIPT_MASKS
    if b"@flow" in code[:2000]:
        masks = (*masks, *_FLOW_MASKS)
    for pattern, replacement in masks:
        code = pattern.sub(replacement, code)
    return code


def _without_type_defaults(code: bytes) -> bytes:
    masked = bytearray(code)
    for match in _PYTHON_PARAMETERS.finditer(code):
        _mask_defaults(masked, match.end())
    return bytes(masked)


def _mask_defaults(code: bytearray, start: int) -> None:
    """Blanks each `= default` up to the bracket that closes the parameters."""
    depth = 1
    in_default = False
    for place in range(start, min(len(code), start + _MAX_PARAMETER_BYTES)):
        byte = code[place]
        depth += (byte in _OPENING) - (byte in _CLOSING)
        if depth == 0:
            return
        if depth == 1 and byte in b",=":
            in_default = byte == ord("=")
        if in_default and byte != ord("\n"):
            code[place] = ord(" ")
