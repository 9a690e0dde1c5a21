"""Finds tests in a Python syntax tree by the rules of pytest and unittest."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...text.syntax_tree import line_count, node_text
from ..found_test import MAX_CONTEXT_LINES, FoundTest, Layer, Snippet, TestStyle

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["find_python_tests"]

# Statements that open no scope: what they define belongs to the scope around them.
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
_SETUP_NAMES = frozenset(
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
_MODULE_SETUP_NAMES = frozenset(
    {"setUpModule", "setup_function", "setup_module", "tearDownModule", "teardown_module"}
)

_MARK = re.compile(r"@?(?:pytest\.)?mark\.(\w+)")
_FIXTURE = re.compile(r"@\s*(?:pytest\.|pytest_asyncio\.)?fixture\b")
_SKIP = re.compile(r"\bskip(?:if|If|Unless)?\b")
_PARAMETRIZE = re.compile(
    r"\bmark\.parametrize\b|\bparameterized(?:\.\w+)?\b|\bparametrize\(|@(?:ddt\.)?data\("
)
_STRING = re.compile(
    r"(?P<prefix>[a-zA-Z]*)(?P<quote>\"\"\"|'''|\"|')(?P<body>.*?)(?P=quote)", re.DOTALL
)
_NOT_COLLECTED = re.compile(r"@\s*(?:property|(?:functools\.)?cached_property|nottest|overload)\b")


@dataclass(slots=True)
class _Function:
    name: str
    outer: Node  # with its decorators
    definition: Node
    decorators: str  # their text

    @property
    def is_fixture(self) -> bool:
        return bool(_FIXTURE.search(self.decorators))

    @property
    def may_be_test(self) -> bool:
        return (
            self.name.startswith("test")
            and not self.is_fixture
            and not _NOT_COLLECTED.search(self.decorators)
        )


@dataclass(slots=True)
class _Scope:
    """A module or class, with what it defines."""

    name: str
    outer: Node
    definition: Node
    decorators: str = ""
    parent: _Scope | None = None
    bases: tuple[str, ...] = ()
    functions: list[_Function] = field(default_factory=list)
    classes: list[_Scope] = field(default_factory=list)
    opted_out: bool = False  # __test__ = False
    _helpers: list[_Function] | None = None

    @property
    def helpers(self) -> list[_Function]:
        """Fixtures and setup methods; computed once for all tests of the scope."""
        if self._helpers is None:
            known = _SETUP_NAMES | _MODULE_SETUP_NAMES
            self._helpers = [f for f in self.functions if f.is_fixture or f.name in known]
        return self._helpers

    @property
    def chain(self) -> tuple[_Scope, ...]:
        return (*self.parent.chain, self) if self.parent else (self,)

    def defines(self, *names: str) -> bool:
        return any(function.name in names for function in self.functions)


def find_python_tests(root: Node) -> list[FoundTest]:
    """Returns the tests written in a module, in source order, each once.

    A test is a function ``test*`` of the module, or a method ``test*`` of a class that is
    collected: ``Test*`` without a constructor, a ``unittest.TestCase``, or a class that either
    inherits from in the same file. A class with ``test`` in its name (``GraphTestBase``) that is
    not used in its own file is included: other files inherit from it.
    """
    module = _Scope("", root, root)
    _fill(module)
    classes = list(_all_classes(module))
    styles = _collected_classes(classes)
    found = [
        _found(module, function, "function")
        for function in module.functions
        if function.may_be_test
    ]
    for scope in classes:
        style = styles.get(id(scope))
        if style is not None:
            found += [_found(scope, f, style) for f in scope.functions if f.may_be_test]
    return sorted(found, key=lambda test: test.node.start_byte)


def _fill(module: _Scope) -> None:
    pending = [module]
    while pending:
        scope = pending.pop()
        body = scope.definition.child_by_field_name("body") or scope.definition
        for statement in _statements(body):
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


def _add_definition(scope: _Scope, statement: Node) -> None:
    definition, decorators = statement, ""
    if statement.type == "decorated_definition":
        inner = statement.child_by_field_name("definition")
        if inner is None:
            return
        definition = inner
        decorators = node_text(statement)[: inner.start_byte - statement.start_byte]
    name = definition.child_by_field_name("name")
    if definition.type == "function_definition" and name is not None:
        scope.functions.append(_Function(node_text(name), statement, definition, decorators))
    elif definition.type == "class_definition" and name is not None:
        bases = definition.child_by_field_name("superclasses")
        names = tuple(
            node_text(base)
            for base in (bases.named_children if bases else ())
            if base.type in {"identifier", "attribute"}
        )
        scope.classes.append(
            _Scope(node_text(name), statement, definition, decorators, scope, names)
        )
    elif node_text(statement).replace(" ", "") == "__test__=False":
        scope.opted_out = True


def _all_classes(module: _Scope) -> Iterator[_Scope]:
    stack = list(reversed(module.classes))
    while stack:
        scope = stack.pop()
        yield scope
        stack.extend(reversed(scope.classes))


def _collected_classes(classes: list[_Scope]) -> dict[int, TestStyle]:
    """Returns the style of each class whose tests run, its own or inherited, by identity."""
    by_name: dict[str, _Scope] = {}
    for scope in classes:
        by_name.setdefault(scope.name, scope)
    styles: dict[int, TestStyle] = {}
    opted_out = {id(scope) for scope in classes if scope.opted_out and not scope.classes}
    for scope in classes:
        family = _family(scope, by_name)
        style = _own_style(scope, family)
        if style is not None:
            for member in family:
                # The first class that uses a mixin decides its style.
                styles.setdefault(id(member), style)
    for scope in classes:
        name = scope.name.lower()
        if "test" in name.removeprefix("test") and not scope.defines("__init__", "__new__"):
            styles.setdefault(id(scope), "function")
    return {key: style for key, style in styles.items() if key not in opted_out}


def _family(scope: _Scope, by_name: dict[str, _Scope]) -> list[_Scope]:
    """Returns a class and the classes of this file that it inherits from."""
    family: list[_Scope] = []
    pending = [scope]
    while pending:
        member = pending.pop()
        if all(member is not known for known in family):
            family.append(member)
            pending.extend(by_name[base] for base in member.bases if base in by_name)
    return family


def _own_style(scope: _Scope, family: list[_Scope]) -> TestStyle | None:
    known = {member.name for member in family}
    external = [base for member in family for base in member.bases if base not in known]
    if scope.opted_out:
        return None
    if any(base.endswith("TestCase") for base in external):
        return "testcase"
    enclosing_collected = all(outer.name.startswith("Test") for outer in scope.chain[1:])
    constructed = any(member.defines("__init__", "__new__") for member in family)
    return "function" if enclosing_collected and not constructed else None


def _found(scope: _Scope, function: _Function, style: TestStyle) -> FoundTest:
    chain = scope.chain
    doc_node, doc = _docstring(function.definition)
    parameters = _parameter_names(function.definition)
    requested = {*parameters, *re.findall(r"usefixtures\(([^)]*)\)", _decorators(scope, function))}
    decorators = _decorators(scope, function)
    return FoundTest(
        node=function.outer,
        style=style,
        chain=tuple(member.name for member in chain[1:]),
        title=function.name,
        title_node=None,
        doc=doc,
        doc_node=doc_node,
        layers=_layers(chain, function, requested),
        fixtures=() if style == "testcase" else _fixtures(parameters, decorators),
        marks=_marks(function, decorators),
        scope_marks=tuple(dict.fromkeys(_MARK.findall(decorators))),
    )


def _decorators(scope: _Scope, function: _Function) -> str:
    return "\n".join((*(member.decorators for member in scope.chain), function.decorators))


def _marks(function: _Function, decorators: str) -> frozenset[str]:
    body = node_text(function.definition)
    marks = {
        "async": body.startswith("async"),
        "parametrized": bool(_PARAMETRIZE.search(decorators)) or "self.subTest(" in body,
        "skipped": bool(_SKIP.search(decorators)),
        "expected-failure": "xfail" in decorators or "expectedFailure" in decorators,
    }
    return frozenset(mark for mark, holds in marks.items() if holds)


def _parameter_names(definition: Node) -> tuple[str, ...]:
    parameters = definition.child_by_field_name("parameters")
    names: list[str] = []
    for parameter in parameters.named_children if parameters else ():
        if parameter.type == "typed_parameter":
            parameter = parameter.named_children[0]
        if parameter.type == "identifier":
            names.append(node_text(parameter))
    return tuple(name for name in names if name not in {"self", "cls"})


def _fixtures(parameters: tuple[str, ...], decorators: str) -> tuple[str, ...]:
    """Returns the parameters whose values come from fixtures."""
    given: set[str] = set()
    for match in re.finditer(r"parametrize\(\s*[(\[]?((?:\s*[\"'][\w, ]+[\"']\s*,?)+)", decorators):
        given |= set(re.findall(r"\w+", match[1]))
    # Nor are arguments fixtures that hypothesis and mock decorators pass.
    if re.search(
        r"@\s*(?:hypothesis\.|st\.)?given\b|@\s*(?:mock\.|unittest\.mock\.)?patch\b", decorators
    ):
        return ()
    return tuple(name for name in parameters if name not in given)


def _layers(
    chain: tuple[_Scope, ...], function: _Function, requested: set[str]
) -> tuple[Layer, ...]:
    """Returns the context of a test; the innermost setup has precedence while there is room."""
    wanted = set().union(*(re.findall(r"\w+", name) for name in requested)) if requested else set()
    room = MAX_CONTEXT_LINES
    layers: list[Layer] = []
    for scope in reversed(chain):
        names = _SETUP_NAMES if scope.parent else _MODULE_SETUP_NAMES
        members = _needed_members(scope, names, wanted, function)
        taken: list[Node] = []
        for member in members:
            lines = line_count(member.outer)
            if lines <= room:
                taken.append(member.outer)
                room -= lines
        taken.sort(key=lambda node: node.start_byte)
        layers.append(Layer(_class_line(scope), None, tuple(taken)))
    return tuple(reversed(layers))


def _needed_members(
    scope: _Scope, setup_names: frozenset[str], wanted: set[str], function: _Function
) -> list[_Function]:
    """Returns setup and the wanted fixtures; those that a fixture requests join ``wanted``."""
    helpers = scope.helpers
    members = [f for f in helpers if f.name in setup_names and not f.is_fixture]
    pool = [f for f in helpers if f.is_fixture and f is not function]
    grew = True
    while grew:
        chosen = [f for f in pool if f.name in wanted or "autouse=True" in f.decorators]
        grew = bool(chosen)
        members = [*members, *chosen]
        pool = [f for f in pool if f not in chosen]
        for fixture in chosen:
            wanted.update(_parameter_names(fixture.definition))
    return members


def _class_line(scope: _Scope) -> Snippet | None:
    if scope.parent is None:
        return None
    colons = [child for child in scope.definition.children if child.type == ":"]
    return Snippet.of(scope.outer, end=colons[-1].end_byte if colons else scope.outer.end_byte)


def _docstring(definition: Node) -> tuple[Node | None, str]:
    body = definition.child_by_field_name("body")
    first = next((c for c in body.named_children if c.type != "comment"), None) if body else None
    if first is None or first.type != "expression_statement":
        return None, ""
    literal = first.named_children[0] if first.named_child_count == 1 else None
    if literal is None or literal.type not in {"string", "concatenated_string"}:
        return None, ""
    return first, _literal_value(node_text(literal))


def _literal_value(text: str) -> str:
    """Returns the content of a string literal, escapes as written; empty for other literals."""
    match = _STRING.match(text)
    if match is None or set(match["prefix"].lower()) - {"r", "u"}:
        return ""
    return inspect.cleandoc(match["body"])
