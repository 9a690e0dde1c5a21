"""Defines what a language declares: its files, its grammars, its literals and its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LanguageDeclaration", "NodeTypes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NodeTypes:
    """The node types of a language's grammars, by what they are to a test.

    Attributes:
        calls: Calls, with the field of what is called.
        members: Accesses such as ``a.b``, with the fields of ``b`` and ``a``, as ``"b a"``.
        subscripts: Accesses such as ``a[b]``, with the field of ``a``.
        wrappers: What encloses an expression and changes no name: ``(a)``, ``await a``.
        names: Names.
        numbers: Number literals.
        strings: String literals.
        interpolations: Code inside a string literal.
        constants: Literals such as true and null.
        collections: Literals of lists, mappings and the like.
        arguments: The arguments of a call.
        keyed: A name or key with its value.
        pairs: A key with its value in a mapping, the key in a field ``key``.
        elements: What wraps each part of a collection.
        assignments: What gives a value to a name.
        comparisons: What is always a comparison.
        arithmetic: Operators on numbers.
        transparent: Wrappers that give a literal in them no name.
        opaque: Code whose literals are structure, not data.
        branches: What nests code.
        bindings: What binds names, with the field of these names; "" for the node itself.
        assertions: Statements that assert.
        parts: What ends in ``_statement`` or ``_declaration`` and is a part of a statement.
    """

    calls: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    subscripts: Mapping[str, str] = field(default_factory=dict)
    wrappers: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset({"identifier"})
    numbers: frozenset[str] = frozenset()
    strings: frozenset[str] = frozenset()
    interpolations: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()
    arguments: frozenset[str] = frozenset()
    keyed: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    assignments: frozenset[str] = frozenset()
    comparisons: frozenset[str] = frozenset()
    arithmetic: frozenset[str] = frozenset()
    transparent: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()
    bindings: Mapping[str, str] = field(default_factory=dict)
    assertions: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LanguageDeclaration:
    """A language whose tests are extracted. Its file is named after it, with ``_language``.

    Attributes:
        name: Its name in patterns and options.
        family: The languages whose frameworks, grammars and readers are the same.
        suffixes: The extensions of its files.
        grammars: Its grammars, with the package and function that load each: ``module.function``.
        parse_order: The grammars to try, by the extension of a file; "" for all others.
        reader: The module of ``retrieval/extraction/languages/`` that finds its tests.
        comment: What starts a comment that ends with the line.
        separator: What joins the names around a test in the name of a pattern.
        indent: The usual indentation, in blanks.
        blank_lines: How many separate two definitions.
        true: Its literals.
        false: As above.
        none: As above.
        test_names: Expression of whole names of test files.
        hinted_names: Expression of whole names of files that are tests if ``test_hint`` is in them;
            in a test folder, a file of any name is.
        excluded_names: Expression of whole names of files that are never tests.
        test_hint: Expression searched in the code; ``TESTS`` in it is any of the names that declare
            a test in one of the frameworks.
        test_code: Expression of what looks like a test in a line, its group ``title``; to name the
            tests that could not be read.
        definitions: Expression of a definition in source code, its group the name.
        functions: Expression of what defines a function, with groups ``function``, its name, and
            ``parameters``; or a class, with a group ``klass``, whose constructor comes later.
        registered: As above, of a function that is given a name by a call; the group ``subject`` is
            there if its first parameter is not an argument.
        parameter: Expression of a parameter, its only group the name.
        standard_modules: Modules of its own, by the part of their name before the first dot.
        standard_paths: Expression of names of its own modules.
        known_names: Further names that code may use without defining or importing them.
        default_framework: The framework where nothing says otherwise; empty if there is none.
        runner_settings: What may name further test files: "pytest" or "globs" of a runner.
        has_packages: Whether a package.json and the project's own fixtures tell the framework.
        names_encoding: Whether a comment may name the encoding of a file.
        nodes: The node types of its grammars.
    """

    name: str
    family: str
    suffixes: tuple[str, ...]
    grammars: Mapping[str, str]
    parse_order: Mapping[str, tuple[str, ...]]
    reader: str
    comment: str
    separator: str
    indent: int
    blank_lines: int = 1
    true: str = "true"
    false: str = "false"
    none: str = "null"
    test_names: str = ""
    hinted_names: str = ""
    excluded_names: str = ""
    test_hint: str = ""
    test_code: str = ""
    definitions: str = ""
    functions: str = ""
    registered: str = ""
    parameter: str = r"\s*([A-Za-z_]\w*)"
    standard_modules: frozenset[str] = frozenset()
    standard_paths: str = ""
    known_names: frozenset[str] = frozenset()
    default_framework: str = ""
    runner_settings: str = ""
    has_packages: bool = False
    names_encoding: bool = False
    nodes: NodeTypes = field(default_factory=NodeTypes)

    def grammars_for(self, suffix: str) -> tuple[str, ...]:
        """Returns the grammars to try for a file with an extension, the most likely first."""
        return self.parse_order.get(suffix, self.parse_order[""])

    def is_standard(self, module: str) -> bool:
        """Returns whether a module belongs to the language itself."""
        if module.partition(".")[0] in self.standard_modules:
            return True
        return bool(self.standard_paths) and re.match(self.standard_paths, module) is not None

    @property
    def measured_grammar(self) -> str:
        """The grammar of code that has no file."""
        return self.parse_order[""][0]
