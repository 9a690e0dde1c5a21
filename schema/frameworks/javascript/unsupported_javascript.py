"""Declares the JavaScript frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import FrameworkDeclaration


def _unsupported(
    name: str, *, modules: str = "", code: str = "", scripts: str = ""
) -> FrameworkDeclaration:
    return FrameworkDeclaration(
        name=name,
        languages=("javascript", "typescript"),
        is_supported=False,
        modules=modules,
        code=code,
        scripts=scripts,
    )


DECLARED: Final = (
    _unsupported("bun:test", modules=r"bun:test\Z", scripts=r"\bbun test\b"),
    _unsupported(
        "Deno",
        modules=r"(?:jsr:)?@std/testing|https://deno\.land/std[^/]*/testing",
        code=r"(?m)^[^'\"`\n]*\bDeno\.test\b",
        scripts=r"\bdeno test\b",
    ),
    _unsupported("tape", modules=r"(?:super)?tape\Z|tape-\w+\Z"),
    _unsupported(
        "tap",
        modules=r"(?:tap|@tapjs/tap|tap-spec|tapzero|@\S+/tapzero|libtap)\Z",
        scripts=r"(?<![-\w])(?:tap|tape)\b",
    ),
    _unsupported("uvu", modules=r"uvu\Z", scripts=r"\buvu\b"),
    _unsupported(
        "QUnit",
        modules=r"(?:ember-)?qunit\Z",
        code=(
            r"(?m)^[^'\"`\n]*(?:\bQUnit\.(?:test|module|skip|only|todo)\b"
            r"|=\s*(?:window\.)?QUnit\b)"
        ),
        scripts=r"\bqunit\b",
    ),
    _unsupported("brittle", modules=r"brittle\Z"),
    _unsupported("zora", modules=r"zora\Z"),
    _unsupported("lab", modules=r"(?:@hapi/)?lab\Z"),
    _unsupported("japa", modules=r"(?:@japa/runner|japa)\Z"),
    _unsupported("TSTyche", modules=r"tstyche\Z"),
    _unsupported("baretest", modules=r"baretest\Z"),
    _unsupported("poku", modules=r"poku\Z"),
    _unsupported(
        "TestCafe",
        modules=r"testcafe\Z",
        code=r"(?m)^[ \t]*fixture[ \t]*(?:`|\([^)\n]*\)\s*\.page|\.page)",
    ),
    _unsupported("CodeceptJS", code=r"(?m)^Feature\(['\"`][\s\S]{0,5000}^Scenario\("),
)
