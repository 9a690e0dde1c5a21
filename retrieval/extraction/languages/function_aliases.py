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
# A test function of the project's own fixtures: shopTest('buys', async ({ shop }) => ...).
_FIXTURE_LIKE = re.compile(r"\w+(?:Test|It|Spec|Scenario)\Z")
_FIXTURE_USE = (
    r"(?:\.(?:afterAll|afterEach|beforeAll|beforeEach|describe|each|extend|fixme|only|skip|step|use)\b"
    r"|\(\s*(['\"`])(?:(?!\1)[^\n])*\1\s*,[^\n]{0,200}?(?:async\s*)?\(\s*\{)"
)
_BLOCK_LIKE = re.compile(r"describe[A-Z]\w*\Z")

_DECLARED = re.compile(
    r"\b(?:const|let|var)\s+(?P<name>[\w$]+)\s{0,20}(?::[^=;\n]{0,200})?=\s{0,20}"
    r"(?=(?P<value>[^;]{1,300}))"
)
_DERIVED = re.compile(
    r"(?P<base>[\w$]+)\s*(?:\.\s*(?P<modifier>extend|serial|only|skip|skipIf|runIf|todoIf|if"
    r"|concurrent|each|for|sequential|fails|failing|override)\b|(?:as|satisfies)\s|[;\n]|\Z)"
)
_CHOSEN = re.compile(
    r"(?:[^;\n?]|\n\s*[|&]){1,200}\s*\?\s*(?P<base>[\w$]+)(?:\.\w+)?\s*:"
    r"\s*(?://[^\n]*\n\s*){0,5}[\w$]+(?:\.\w+)*\s*(?:[;\n?]|\Z)"
)
# `const { it: its } = V`, `const { test } = require(...)` is an import already.
_UNPACKED = re.compile(
    r"\b(?:const|let|var)\s*\{(?P<names>[^{}]{1,500})\}\s*=\s*"
    r"(?P<object>[\w$]+(?:\.\w+)*)!?\s*(?:[;,\n]|\Z)"
)
_UNPACKED_NAME = re.compile(r"(?P<base>[\w$]+)\s*(?::\s*(?P<name>[\w$]+))?[^,]*(?:,|\Z)")
_MEMBER = re.compile(
    r"(?:\b(?:const|let|var)\s+|,\s*)(?P<name>[\w$]+)\s*=\s*(?P<object>[\w$]+(?:\.\w+)*)!?"
    r"\.(?P<base>[\w$]+)\s*(?=[;,\n]|\Z)"
)
_HOLDER = re.compile(r"\b(?:const|let|var)\s+(?P<name>[\w$]+)\s*=\s*\{(?P<pairs>[^{}]{1,500})\}")
_HELD_NAME = re.compile(r"(?P<key>[\w$]+)\s*:\s*(?P<base>[\w$]+)(?:\.\w+)*\s*(?:,|\Z)")
# What a module is given by its own runner: `import.meta.vitest`.
_OWN_RUNNER = re.compile(r"import\.meta\.\w+\Z")
_OWN_RUNNER_NAME = re.compile(
    r"\b(?:const|let|var)\s+(?P<name>[\w$]+)\s*=\s*import\.meta\.\w+\b(?!\.)"
)
_WRAPPED = re.compile(r"[\w$.]+\(\s*(?P<base>[\w$]+)\s*[,)]")
_FACTORY = re.compile(
    r"(?:async\s*)?(?:\([^()]*\)|[\w$]+)[^=]{0,80}=>\s*\(?[^{};]{0,200}?\?\s*(?P<base>[\w$]+)(?:\.\w+)?\s*:"
)
_TABLE_FACTORY = re.compile(
    r"(?:async\s*)?(?:\([^()]*\)|[\w$]+)[^=]{0,80}=>\s*(?P<base>[\w$]+)"
    r"\.(?P<modifier>\w+)\([^;]{0,200}?\)\s*(?:[;\n]|\Z)"
)
_TABLE_FACTORY_FUNCTION = re.compile(
    r"\bfunction\s+(?P<name>[\w$]+)\s*\([^()]*\)[^{]{0,80}\{\s*return\s+"
    r"(?P<base>[\w$]+)\.(?P<modifier>\w+)\([^;{}]{0,200}\)\s*;?\s*\}"
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
    r"^(?P<indent>[ \t]*)(?:export\s+)?(?:default\s+)?(?:async\s+)?"
    r"(?:function\s+(?P<name>[\w$]+)\s*[<(]"
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
    is_table: bool


class _OwnFunction(NamedTuple):
    name: str
    is_local: bool


class FunctionNames:
    """The names of test and block functions in a file.

    Attributes:
        tests: Functions that declare a test.
        blocks: Functions that open a block of tests.
        factories: Functions that return a test function: ``onLinux(true)('reads', ...)``.
        tables: Functions that run a test for each row of a table that they are given.
        objects: Objects that hold test functions: ``V`` of ``import * as V from 'vitest'``.
        members: Test functions by their names in an object of the file: ``its.fast``.
        wrappers: Functions of the file that declare the test that is passed to them; the call of
            the test function inside them is no test of its own.
        own: Functions ``test`` or ``it`` that the file defines itself and that call no other test
            function: they belong to no runner.
        own_in_blocks: Such functions that hold only in the block that defines them.
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
        self.tables: set[str] = set()
        self.objects = set(_GLOBAL_OBJECTS)
        self.members: dict[str, str] = {}
        self.wrappers: set[str] = set()
        self.imported: set[str] = set()
        for imported in imports:
            self._add_import(imported, code)
        self._add_members(code)
        for name, derived in _derived_names(code):
            self._add(name, derived["base"])
            self._add_rows(name, derived)
        for match in _DECLARED.finditer(code):
            factory = _FACTORY.match(match["value"]) or _TABLE_FACTORY.match(match["value"])
            if factory:
                self._add_factory(match["name"], factory)
        for pattern in (_FACTORY_FUNCTION, _TABLE_FACTORY_FUNCTION):
            for match in pattern.finditer(code):
                self._add_factory(match["name"], match)
        for wrapper in _wrappers(code, self.tests | self.blocks, self.forms):
            self._add(wrapper.name, wrapper.base)
            self.wrappers.add(wrapper.name)
            if wrapper.is_table:
                self.tables.add(wrapper.name)
        own = set(_own_functions(code, self.tests, self.forms.tests))
        self.own = frozenset(found.name for found in own if not found.is_local)
        self.own_in_blocks = frozenset(found.name for found in own if found.is_local) - self.own
        self.tests -= self.own

    def _forms(self) -> CallForms:
        known = _frameworks()
        imported = [each for each in known if any(map(each.imports, self._modules))]
        return call_forms(
            [*(each.forms for each in known), *(each.import_forms for each in imported)]
        )

    def _add_members(self, code: str) -> None:
        """Adds the names that a file gives to test functions in objects, and its own objects."""
        for match in _OWN_RUNNER_NAME.finditer(code):
            self.objects.add(match["name"])
        for match in _MEMBER.finditer(code):
            if self._holds(match["object"]):
                self._add(match["name"], match["base"])
        for match in _UNPACKED.finditer(code):
            if self._holds(match["object"]) or match["object"] in self.tests:
                for part in _UNPACKED_NAME.finditer(match["names"]):
                    self._add(part["name"] or part["base"], part["base"])
        for match in _HOLDER.finditer(code):
            for part in _HELD_NAME.finditer(match["pairs"]):
                if part["base"] in self.tests | self.blocks:
                    self.objects.add(match["name"])
                    self.members[f"{match['name']}.{part['key']}"] = part["base"]

    def _holds(self, name: str) -> bool:
        return name in self.objects or _OWN_RUNNER.match(name) is not None

    def _add_import(self, imported: Import, code: str) -> None:
        if imported.name == "default" and any(
            each.has_tables(imported.module) for each in _frameworks()
        ):
            self._add_table(imported.alias)
            return
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
        elif _TEST_LIKE.match(imported.alias) or _is_fixture(imported.alias, code):
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

    def _add_table(self, name: str) -> None:
        for names in (self.tests, self.objects, self.factories, self.tables):
            names.add(name)

    def _add_factory(self, name: str, returned: re.Match[str]) -> None:
        if returned["base"] in self.tests | self.blocks:
            self.factories.add(name)
            self._add(name, returned["base"])
            self._add_rows(name, returned)

    def _add_rows(self, name: str, derived: re.Match[str]) -> None:
        """Adds a name to the tables if it is derived from a test function with its rows."""
        if derived.groupdict().get("modifier") in self.forms.tables:
            self.tables.add(name)


def _is_fixture(name: str, code: str) -> bool:
    """Returns whether a name is used as a test function with fixtures is, and only as one is."""
    if not _FIXTURE_LIKE.match(name):
        return False
    return re.search(rf"(?<![\w.$]){re.escape(name)}{_FIXTURE_USE}", code) is not None


def _frameworks() -> list[FrameworkDeclaration]:
    return [each for each in declarations().frameworks_of("javascript") if each.is_supported]


def _is_of_framework(module: str) -> bool:
    return any(each.imports(module) for each in _frameworks())


def _derived_names(code: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yields names and what they are: `test.extend(...)`, `cond ? it : it.skip`, `wrap(it)`."""
    for match in _DECLARED.finditer(code):
        for pattern in (_CHOSEN, _DERIVED, _WRAPPED):
            found = pattern.match(match["value"])
            if found:
                yield match["name"], found
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
        call = rf"(?:{_GLOBAL_OBJECT}\.)?([\w$]+)((?:\.\w+)*)(?:\([^()]{{0,200}}\))?\("
        inner = re.search(rf"\b{call}\s*(?:{title}\b|`[^`]*\$\{{{title}\b)", body)
        if not inner or inner[1] not in names or _is_other_kind(name, inner[1], forms):
            continue
        checked += 1
        if checked > _MAX_WRAPPERS:
            return
        if _takes_function(code, name):
            yield _Wrapper(name, inner[1], not forms.tables.isdisjoint(inner[2].split(".")))


def _is_other_kind(name: str, base: str, forms: CallForms) -> bool:
    """Returns whether one name is that of a test function and the other that of a block."""
    return (name in forms.tests and base in forms.blocks) or (
        name in forms.blocks and base in forms.tests
    )


def _own_functions(code: str, names: set[str], usual: AbstractSet[str]) -> Iterator[_OwnFunction]:
    """Yields test functions that the file defines without the help of another test function."""
    for match in _OWN_FUNCTION.finditer(code):
        name = match["name"] or match["assigned"]
        if name in usual:
            body = code[match.end() : _end_of_function(code, match.end())]
            called = {part for callee in _CALLEE.findall(body) for part in callee.split(".")}
            if called.isdisjoint(names):
                yield _OwnFunction(name, is_local=bool(match["indent"]))


def _end_of_function(code: str, start: int) -> int:
    """Returns where a function ends, given where its parameters or its body start."""
    is_arrow = code.endswith("=>", 0, start)
    depth = int(code[start - 1] == "(")
    end = min(len(code), start + _MAX_WRAPPER_CHARS)
    for place in range(start, end):
        character = code[place]
        depth += (character in "{[(") - (character in ")]}")
        is_line = is_arrow and character == "\n" and bool(code[start:place].strip())
        if depth <= 0 and (character in ";}" or is_line):
            return place + 1
    return end


def _takes_function(code: str, name: str) -> bool:
    """Returns whether a function is called with a title and a function."""
    call = rf"^[ \t]*{re.escape(name)}\(\s*(['\"`])(?:(?!\1).)*\1\s*,"
    function = (
        r"(?:[^()=;]{0,200},)?\s*(?:async\s*)?(?:function\b|\([^()]{0,200}\)\s*=>|[\w$]+\s*=>)"
    )
    return re.search(call + function, code, re.MULTILINE) is not None
