"""Finds names that a JavaScript or TypeScript file gives to test and block functions.

Aliases are read from the text, which is much faster than another walk through the syntax tree. A
wrong alias makes no false test: a call of it counts only with a title and a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ....schema.frameworks.declarations import call_forms, declarations
from ....schema.frameworks.framework_declaration import CallForms, FrameworkDeclaration
from ..code_facts import Import

__all__ = ["FunctionNames"]

# Objects that may hold the global functions.
_GLOBAL_OBJECTS = frozenset({"globalThis", "global", "window", "self"})
_GLOBAL_OBJECT = f"(?:{'|'.join(sorted(_GLOBAL_OBJECTS))})"
_TEST_LIKE = re.compile(r"(?:it|test)[A-Z]\w*\Z")
_BLOCK_LIKE = re.compile(r"describe[A-Z]\w*\Z")

_DECLARED = re.compile(
    r"\b(?:const|let|var)\s+(?P<name>[\w$]+)\s{0,20}(?::[^=;\n]{0,200})?=\s{0,20}"
    r"(?=(?P<value>[^;]{1,300}))"
)
_DERIVED = re.compile(
    r"(?P<base>[\w$]+)\s*(?:\.\s*(?:extend|serial|only|skip|skipIf|runIf|todoIf|if|concurrent|each"
    r"|sequential|fails|failing|override)\b|(?:as|satisfies)\s|[;\n]|\Z)"
)
_CHOSEN = re.compile(
    r"(?:[^;\n?]|\n\s*[|&]){1,200}\s*\?\s*(?P<base>[\w$]+)(?:\.\w+)?\s*:"
    r"\s*(?://[^\n]*\n\s*){0,5}[\w$]+(?:\.\w+)*\s*(?:[;\n?]|\Z)"
)
_WRAPPED = re.compile(r"[\w$.]+\(\s*(?P<base>[\w$]+)\s*[,)]")
_FACTORY = re.compile(
    r"(?:async\s*)?(?:\([^()]*\)|[\w$]+)[^=]{0,80}=>\s*\(?[^{};]{0,200}?\?\s*(?P<base>[\w$]+)(?:\.\w+)?\s*:"
)
_FACTORY_FUNCTION = re.compile(
    r"\bfunction\s+(?P<name>[\w$]+)\s*\([^()]*\)[^{]{0,80}\{[^{}]{0,300}?\breturn\b[^;{}]{0,200}?\?\s*"
    r"(?P<base>[\w$]+)(?:\.\w+)?\s*:"
)
_FUNCTION = re.compile(
    r"\b(?:function\s+(?P<name>[\w$]+)|(?:const|let|var)\s+(?P<assigned>[\w$]+)\s*=\s*(?:async\s+)?"
    r"(?:function\b\s*[\w$]*)?)\s*(?:<[^<>()]{0,100}>)?\(\s*(?P<title>[\w$]+)\b"
)
_OWN_FUNCTION = re.compile(
    r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\s+(?P<name>[\w$]+)\s*[<(]"
    r"|(?:const|let|var)\s+(?P<assigned>[\w$]+)\s*=\s*(?:async\s*)?"
    r"(?:function\b|\([^()]{0,300}\)[^=;{}()]{0,100}=>|[\w$]+\s*=>))",
    re.MULTILINE,
)
_CALLEE = re.compile(r"[\w$.]+(?=\s{0,20}\()")
_MAX_WRAPPER_CHARS = 800
_MAX_WRAPPERS = 50  # each is looked for in the whole file


class _Wrapper(NamedTuple):
    name: str
    base: str


class FunctionNames:
    """The names of test and block functions in a file.

    Attributes:
        tests: Functions that declare a test.
        blocks: Functions that open a block of tests.
        factories: Functions that return a test function: ``onLinux(true)('reads', ...)``.
        objects: Objects that hold test functions: ``V`` of ``import * as V from 'vitest'``.
        wrappers: Functions of the file that declare the test that is passed to them; the call of
            the test function inside them is no test of its own.
        own: Functions ``test`` or ``it`` that the file defines itself and that call no other test
            function: they belong to no runner.
        imported: Imported names that look like test functions.
        forms: How the tests of the file's frameworks may be written.
    """

    def __init__(self, code: str, imports: Iterable[Import]) -> None:
        imports = tuple(imports)
        self._modules = {each.module for each in imports}
        self.forms = self._forms()
        self.tests = set(self.forms.tests)
        self.blocks = set(self.forms.blocks)
        self.factories: set[str] = set()
        self.objects = set(_GLOBAL_OBJECTS)
        self.wrappers: set[str] = set()
        self.imported: set[str] = set()
        for imported in imports:
            self._add_import(imported)
        for name, base in _derived_names(code):
            self._add(name, base)
        for match in _DECLARED.finditer(code):
            factory = _FACTORY.match(match["value"])
            if factory:
                self._add_factory(match["name"], factory["base"])
        for match in _FACTORY_FUNCTION.finditer(code):
            self._add_factory(match["name"], match["base"])
        for wrapper in _wrappers(code, self.tests | self.blocks, self.forms):
            self._add(*wrapper)
            self.wrappers.add(wrapper.name)
        self.own = frozenset(_own_functions(code, self.tests, self.forms.tests))
        self.tests -= self.own

    def _forms(self) -> CallForms:
        known = _frameworks()
        imported = [each for each in known if any(map(each.imports, self._modules))]
        return call_forms(
            [*(each.forms for each in known), *(each.import_forms for each in imported)]
        )

    def _add_import(self, imported: Import) -> None:
        is_default = imported.name == "default" and _is_of_framework(imported.module)
        if is_default:
            self.objects.add(imported.alias)
        if (is_default and self.forms.takes_default) or imported.name in self.forms.tests:
            self.tests.add(imported.alias)
        elif imported.name in self.forms.blocks:
            self.blocks.add(imported.alias)
        elif not imported.name and imported.alias:
            self.objects.add(imported.alias)
        elif is_default:
            return
        elif _TEST_LIKE.match(imported.alias):
            self.tests.add(imported.alias)
            self.imported.add(imported.alias)
            self.factories.add(imported.alias)
        elif _BLOCK_LIKE.match(imported.alias):
            self.blocks.add(imported.alias)
            self.factories.add(imported.alias)

    def _add(self, name: str, base: str) -> None:
        if base in self.tests:
            self.tests.add(name)
        elif base in self.blocks:
            self.blocks.add(name)

    def _add_factory(self, name: str, base: str) -> None:
        if base in self.tests | self.blocks:
            self.factories.add(name)
            self._add(name, base)


def _frameworks() -> list[FrameworkDeclaration]:
    return [each for each in declarations().frameworks_of("javascript") if each.is_supported]


def _is_of_framework(module: str) -> bool:
    return any(each.imports(module) for each in _frameworks())


def _derived_names(code: str) -> Iterator[tuple[str, str]]:
    """Yields the names in `const myTest = test.extend(...)`, `cond ? it : it.skip`, `wrap(it)`."""
    for match in _DECLARED.finditer(code):
        for pattern in (_CHOSEN, _DERIVED, _WRAPPED):
            found = pattern.match(match["value"])
            if found:
                yield match["name"], found["base"]
                break


def _wrappers(code: str, names: set[str], forms: CallForms) -> Iterator[_Wrapper]:
    """Yields functions that pass their first parameter on as a title, if given a function."""
    checked = 0
    for match in _FUNCTION.finditer(code):
        name = match["name"] or match["assigned"]
        if name in names - forms.tests - forms.blocks:
            continue
        body = code[match.end() : match.end() + _MAX_WRAPPER_CHARS].split("\n}", 1)[0]
        title = re.escape(match["title"])
        call = rf"(?:{_GLOBAL_OBJECT}\.)?([\w$]+)(?:\.\w+)*\("
        inner = re.search(rf"\b{call}\s*(?:{title}\b|`[^`]*\$\{{{title}\b)", body)
        if not inner or inner[1] not in names or _is_other_kind(name, inner[1], forms):
            continue
        checked += 1
        if checked > _MAX_WRAPPERS:
            return
        if _takes_function(code, name):
            yield _Wrapper(name, inner[1])


def _is_other_kind(name: str, base: str, forms: CallForms) -> bool:
    """Returns whether one name is that of a test function and the other that of a block."""
    return (name in forms.tests and base in forms.blocks) or (
        name in forms.blocks and base in forms.tests
    )


def _own_functions(code: str, names: set[str], usual: AbstractSet[str]) -> Iterator[str]:
    """Yields test functions that the file defines without the help of another test function."""
    for match in _OWN_FUNCTION.finditer(code):
        name = match["name"] or match["assigned"]
        if name in usual:
            body = code[match.end() : match.end() + _MAX_WRAPPER_CHARS].split("\n}", 1)[0]
            called = {part for callee in _CALLEE.findall(body) for part in callee.split(".")}
            if called.isdisjoint(names):
                yield name


def _takes_function(code: str, name: str) -> bool:
    """Returns whether a function is called with a title and a function."""
    call = rf"^[ \t]*{re.escape(name)}\(\s*(['\"`])(?:(?!\1).)*\1\s*,"
    function = (
        r"(?:[^()=;]{0,200},)?\s*(?:async\s*)?(?:function\b|\([^()]{0,200}\)\s*=>|[\w$]+\s*=>)"
    )
    return re.search(call + function, code, re.MULTILINE) is not None
