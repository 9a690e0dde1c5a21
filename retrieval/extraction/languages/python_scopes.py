"""Reads the functions and classes of a Python module, and finds those that hold tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ...text.syntax_tree import node_text
from ..discovery.class_heirs import Heir
from ..discovery.pytest_settings import DEFAULT_SETTINGS, PytestSettings
from ..found_test import TestStyle
from ..source_file import ExtractionBudget

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "FIXTURE_DECORATOR",
    "MODULE_SETUP_NAMES",
    "SETUP_NAMES",
    "CollectedClass",
    "Function",
    "Scope",
    "base_names",
    "collected_classes",
    "module_scope",
]

# Statements that open no scope: their definitions belong to the enclosing scope.
_TRANSPARENT = frozenset(
    {
        "block",
        "elif_clause",
        "else_clause",
        "except_clause",
        "except_group_clause",
        "finally_clause",
        "for_statement",
        "if_statement",
        "module",
        "try_statement",
        "while_statement",
        "with_statement",
    }
)

# Methods that unittest, pytest and nose call around a test.
SETUP_NAMES = frozenset(
    {
        "asyncSetUp",
        "asyncTearDown",
        "setUp",
        "setUpClass",
        "setUpTestData",
        "setup",
        "setup_class",
        "setup_method",
        "tearDown",
        "tearDownClass",
        "teardown",
        "teardown_class",
        "teardown_method",
    }
)
MODULE_SETUP_NAMES = frozenset(
    {"setUpModule", "setup_function", "setup_module", "tearDownModule", "teardown_module"}
)

# Base classes of a class that are read; each class reads its own.
_MAX_FAMILY = 200
_MAX_OPT_OUT_BYTES = 100

_DEFAULT_CLASSES = DEFAULT_SETTINGS.python_classes
_TESTCASE_SETUP = (
    "setUp",
    "setUpClass",
    "setUpTestData",
    "tearDown",
    "tearDownClass",
    "asyncSetUp",
)
_TESTCASE_METHOD = re.compile(
    r"\bself\.((?:assert[A-Z]\w*|addCleanup|addTypeEqualityFunc|skipTest|subTest))\("
)
_SWITCH = re.compile(r"__test__\s*(?::\s*[\w\[\].]+\s*)?=\s*(True|False)\Z")
FIXTURE_DECORATOR = re.compile(r"@\s*(?:pytest\.|pytest_asyncio\.)?fixture\b")
_NOT_COLLECTED = re.compile(r"@\s*(?:property|(?:functools\.)?cached_property|nottest|overload)\b")


@dataclass(slots=True)
class Function:
    """A function or method, with its decorators."""

    name: str
    outer: Node  # with its decorators
    definition: Node
    decorators: str  # their text

    @property
    def is_fixture(self) -> bool:
        """Returns whether it is a pytest fixture."""
        return bool(FIXTURE_DECORATOR.search(self.decorators))

    def may_be_test(self, settings: PytestSettings) -> bool:
        """Returns whether it is a test, provided that the tests of its scope run.

        Args:
            settings: The names of tests; the defaults for the methods of a TestCase.
        """
        return (
            settings.collects_function(self.name)
            and not self.is_fixture
            and not _NOT_COLLECTED.search(self.decorators)
        )


@dataclass(slots=True)
class Scope:
    """A module or class, with its definitions."""

    name: str
    outer: Node
    definition: Node
    decorators: str = ""
    parent: Scope | None = None
    depth: int = 0
    bases: tuple[str, ...] = ()
    functions: list[Function] = field(default_factory=list)
    classes: list[Scope] = field(default_factory=list)
    runs: bool | None = None  # __test__

    @property
    def body(self) -> Node:
        """The node whose children are its statements."""
        return self.definition.child_by_field_name("body") or self.definition

    @property
    def chain(self) -> tuple[Scope, ...]:
        """The scopes from the module to this one."""
        return (*self.parent.chain, self) if self.parent else (self,)

    def defines(self, *names: str) -> bool:
        """Returns whether it defines a function with one of the names."""
        return any(function.name in names for function in self.functions)


class CollectedClass(NamedTuple):
    """A class whose tests run, and their style."""

    scope: Scope
    style: TestStyle


def module_scope(root: Node, budget: ExtractionBudget) -> Scope:
    """Returns the scope of a module, with everything defined in it.

    Raises:
        UnreadableSourceError: Classes are nested too deep.
    """
    module = Scope("", root, root)
    _fill(module, budget)
    return module


def base_names(definition: Node) -> tuple[str, ...]:
    """Returns the base classes of a class that are given by name."""
    bases = definition.child_by_field_name("superclasses")
    return tuple(
        node_text(base.child_by_field_name("value") if base.type == "subscript" else base)
        for base in (bases.named_children if bases else ())
        if base.type in {"identifier", "attribute", "subscript"}
    )


def collected_classes(
    module: Scope,
    settings: PytestSettings,
    is_testcase: Callable[[str], bool],
    heir_of: Callable[[str], Heir | None],
) -> list[CollectedClass]:
    """Returns the classes of a module whose own or inherited tests run.

    Args:
        settings: The names of classes that pytest collects.
        is_testcase: Returns whether a base class from another file is a TestCase.
        heir_of: Returns an heir of a class that is in another file.
    """
    classes = list(_all_classes(module))
    styles = _styles(classes, settings, is_testcase, heir_of)
    return [CollectedClass(scope, styles[id(scope)]) for scope in classes if id(scope) in styles]


def _fill(module: Scope, budget: ExtractionBudget) -> None:
    pending = [module]
    while pending:
        scope = pending.pop()
        budget.require_nesting(scope.depth)
        for statement in _statements(scope.body):
            _add_definition(scope, statement)
        pending.extend(scope.classes)


def _statements(body: Node) -> Iterator[Node]:
    """Yields the statements of a scope, including those in `if`, `try`, `with` and loops."""
    stack = [body]
    while stack:
        node = stack.pop()
        if node.type in _TRANSPARENT:
            stack.extend(reversed(node.named_children))
        else:
            yield node


def _add_definition(scope: Scope, statement: Node) -> None:
    definition, decorators = statement, ""
    if statement.type == "decorated_definition":
        inner = statement.child_by_field_name("definition")
        if inner is None:
            return
        definition = inner
        decorators = node_text(statement)[: inner.start_byte - statement.start_byte]
    name = definition.child_by_field_name("name")
    if definition.type == "function_definition" and name is not None:
        scope.functions.append(Function(node_text(name), statement, definition, decorators))
    elif definition.type == "class_definition" and name is not None:
        bases, depth = base_names(definition), scope.depth + 1
        scope.classes.append(
            Scope(node_text(name), statement, definition, decorators, scope, depth, bases)
        )
    elif statement.end_byte - statement.start_byte < _MAX_OPT_OUT_BYTES:
        switch = _SWITCH.match(node_text(statement))
        scope.runs = scope.runs if switch is None else switch[1] == "True"


def _all_classes(module: Scope) -> Iterator[Scope]:
    stack = list(reversed(module.classes))
    while stack:
        scope = stack.pop()
        yield scope
        stack.extend(reversed(scope.classes))


def _styles(
    classes: list[Scope],
    settings: PytestSettings,
    is_testcase: Callable[[str], bool],
    heir_of: Callable[[str], Heir | None],
) -> dict[int, TestStyle]:
    """Returns the style of each class whose own or inherited tests run, by ``id``."""
    by_name: dict[str, Scope] = {}
    for scope in classes:
        by_name.setdefault(scope.name, scope)
    styles: dict[int, TestStyle] = {}
    families = [_family(scope, by_name) for scope in classes]
    opted_out = _opted_out(classes, families, heir_of)
    for scope, family in zip(classes, families, strict=True):
        style = _own_style(scope, family, settings, is_testcase)
        if style is not None and id(scope) not in opted_out:
            for member in family:
                # The first class that uses a mixin decides its style.
                styles.setdefault(id(member), style)
    for scope in classes:
        name = scope.name.lower()
        named = settings == DEFAULT_SETTINGS or settings.python_classes == _DEFAULT_CLASSES
        if (
            named
            and "test" in name.removeprefix("test")
            and not scope.defines("__init__", "__new__")
        ):
            styles.setdefault(id(scope), "function")
    styles |= _styles_of_heirs(classes, families, settings, styles, heir_of)
    return {key: style for key, style in styles.items() if key not in opted_out}


def _styles_of_heirs(
    classes: list[Scope],
    families: list[list[Scope]],
    settings: PytestSettings,
    known: Mapping[int, TestStyle],
    heir_of: Callable[[str], Heir | None],
) -> dict[int, TestStyle]:
    """Returns the style of each further class with tests that classes of other files inherit."""
    styles: dict[int, TestStyle] = {}
    without = {
        id(scope)
        for scope in classes
        if id(scope) not in known
        and any(function.may_be_test(settings) for function in scope.functions)
    }
    for scope, family in zip(classes, families, strict=True):
        members = [id(member) for member in family if id(member) in without]
        constructed = any(member.defines("__init__", "__new__") for member in family)
        heir = heir_of(scope.name) if members and not constructed else None
        if heir is not None:
            styles |= dict.fromkeys(members, "testcase" if heir.is_testcase else "function")
    return styles


def _opted_out(
    classes: list[Scope],
    families: list[list[Scope]],
    heir_of: Callable[[str], Heir | None],
) -> set[int]:
    """Returns the ``id`` of each class with ``__test__ = False`` whose tests run in no heir.

    A base class opts out so that its tests run in heirs alone, which opt in again. The heirs may
    be in other files.
    """
    off = [scope for scope in classes if scope.runs is False and not scope.classes]
    if not off:
        return set()
    used: set[int] = set()
    for scope, family in zip(classes, families, strict=True):
        switched = any(member.defines("__init_subclass__") for member in family[1:])
        if scope.runs or (scope.runs is None and switched):
            used |= {id(member) for member in family}
    unused = [scope for scope in off if id(scope) not in used]
    return {id(scope) for scope in unused if heir_of(scope.name) is None}


def _family(scope: Scope, by_name: dict[str, Scope]) -> list[Scope]:
    """Returns a class and its base classes in this file, up to a limit."""
    family: dict[int, Scope] = {}
    pending = [scope]
    while pending and len(family) < _MAX_FAMILY:
        member = pending.pop()
        if id(member) not in family:
            family[id(member)] = member
            pending.extend(by_name[base] for base in member.bases if base in by_name)
    return list(family.values())


def _own_style(
    scope: Scope,
    family: list[Scope],
    settings: PytestSettings,
    is_testcase: Callable[[str], bool],
) -> TestStyle | None:
    if _is_testcase_family(family, is_testcase):
        return "testcase"
    if any(_reads_as_testcase(member) for member in family):
        return "testcase"
    enclosing_collected = all(settings.collects_class(outer.name) for outer in scope.chain[1:])
    constructed = any(member.defines("__init__", "__new__") for member in family)
    return "function" if enclosing_collected and not constructed else None


def _is_testcase_family(family: list[Scope], is_testcase: Callable[[str], bool]) -> bool:
    known = {member.name for member in family}
    external = [base for member in family for base in member.bases if base not in known]
    return any(base.endswith("TestCase") or is_testcase(base) for base in external)


def _reads_as_testcase(scope: Scope) -> bool:
    """Returns whether a class with tests uses methods of TestCase that it does not define itself.

    It is a mixin for test cases, or its base class is in a file that cannot be read.
    """
    if not any(function.name.startswith("test") for function in scope.functions):
        return False
    if scope.bases and scope.defines(*_TESTCASE_SETUP):
        return True
    used = set(_TESTCASE_METHOD.findall(node_text(scope.definition)))
    return bool(used - {function.name for function in scope.functions})
