"""Declares the JavaScript frameworks whose tests are only counted."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import unsupported_framework

_LANGUAGES: Final = ("javascript", "typescript")

DECLARED: Final = (
    unsupported_framework("bun:test", *_LANGUAGES, modules=r"bun:test\Z", scripts=r"\bbun test\b"),
    unsupported_framework(
        "Deno",
        *_LANGUAGES,
        modules=r"(?:jsr:)?@std/testing|https://deno\.land/std[^/]*/testing",
        code=r"(?m)^[^'\"`\n]*(?:\bDeno\.test\b|=\s*Deno\s*(?:;|$))",
        scripts=r"\bdeno test\b",
    ),
    unsupported_framework("tape", *_LANGUAGES, modules=r"(?:super)?tape\Z|tape-\w+\Z"),
    unsupported_framework(
        "tap",
        *_LANGUAGES,
        modules=r"(?:tap|@tapjs/tap|tap-spec|tapzero|@\S+/tapzero|libtap)\Z",
        scripts=r"(?<![-\w])(?:tap|tape)\b",
    ),
    unsupported_framework(
        "uvu", *_LANGUAGES, modules=r"uvu\Z", scripts=r"\buvu\b", suites=("suite",)
    ),
    unsupported_framework(
        "QUnit",
        *_LANGUAGES,
        modules=r"(?:ember-)?qunit\Z",
        code=(
            r"(?m)^[^'\"`\n]*(?:\bQUnit\.(?:test|module|skip|only|todo)\b"
            r"|=\s*(?:window\.)?QUnit\b)"
        ),
        scripts=r"\bqunit\b",
    ),
    unsupported_framework("brittle", *_LANGUAGES, modules=r"brittle\Z"),
    unsupported_framework("zora", *_LANGUAGES, modules=r"zora\Z"),
    unsupported_framework("lab", *_LANGUAGES, modules=r"(?:@hapi/)?lab\Z"),
    unsupported_framework("japa", *_LANGUAGES, modules=r"(?:@japa/runner|japa)\Z"),
    unsupported_framework("TSTyche", *_LANGUAGES, modules=r"tstyche\Z"),
    unsupported_framework("baretest", *_LANGUAGES, modules=r"baretest\Z", suites=("baretest",)),
    unsupported_framework("poku", *_LANGUAGES, modules=r"poku\Z"),
    unsupported_framework(
        "TestCafe",
        *_LANGUAGES,
        modules=r"testcafe\Z",
        code=r"(?m)^[ \t]*fixture[ \t]*(?:`|\([^)\n]*\)\s*\.page|\.page)",
    ),
    unsupported_framework(
        "CodeceptJS", *_LANGUAGES, code=r"(?m)^Feature\(['\"`][\s\S]{0,5000}^Scenario\("
    ),
)
