"""Checks the arguments of public methods against their annotations, with one clear line.

A caller without a type checker learns at the door what was expected and what came, instead of an
``AttributeError`` from inside. A method whose argument has values to check, not only a type, checks
it itself.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

__all__ = ["checks_types"]

SomeClass = TypeVar("SomeClass", bound=type)

_NAMES: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Path: "a path",
}


class _Check(NamedTuple):
    """What a parameter takes: exact types that need no further look, and the slower question."""

    types: frozenset[type]
    accepts: Callable[[object], bool]
    expected: str


def checks_types(*, but: Collection[str] = ()) -> Callable[[SomeClass], SomeClass]:
    """Returns a class decorator: public methods refuse arguments of another type than annotated.

    Literals and protocols are not checked.

    Args:
        but: Parameters that the methods check themselves.
    """

    def decorate(decorated: SomeClass) -> SomeClass:
        checked: dict[Any, Any] = {}  # an alias stays the same method
        for name, member in list(vars(decorated).items()):
            if callable(member) and (name == "__init__" or not name.startswith("_")):
                if member not in checked:
                    checked[member] = _checked(member, but)
                setattr(decorated, name, checked[member])
        return decorated

    return decorate


def _checked(method: Callable[..., Any], but: Collection[str]) -> Callable[..., Any]:
    """Returns the method with its arguments checked; the annotations are read by the first call."""
    names = method.__code__.co_varnames[: method.__code__.co_argcount]
    checks: dict[str, _Check] = {}

    @wraps(method)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not checks:
            checks.update(_checks_of(method, but))
        for name, value in zip(names, args, strict=False):
            check = checks.get(name)
            if check is not None and type(value) not in check.types:
                _require(check, name, value)
        for name, value in kwargs.items():
            check = checks.get(name)
            if check is not None and type(value) not in check.types:
                _require(check, name, value)
        return method(*args, **kwargs)

    return checked


def _require(check: _Check, name: str, value: object) -> None:
    """Refuses a value that a parameter does not take.

    Raises:
        TypeError: It is of another type.
    """
    if check.accepts(value):
        return
    found = type(value).__name__
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        found += " of " + (", ".join(sorted({type(each).__name__ for each in value})) or "nothing")
    raise TypeError(f"{name} must be {check.expected}, got {found}")


class _Names(dict[str, Any]):
    """The names of a module; those that are imported for types alone stand for anything."""

    def __missing__(self, name: str) -> Any:
        return Any


def _checks_of(method: Callable[..., Any], but: Collection[str]) -> dict[str, _Check]:
    module = vars(builtins) | method.__globals__
    checks = {"self": _Check(frozenset(), lambda _: True, "")}
    for name, hint in get_type_hints(method, {}, _Names(module)).items():
        alternatives = _alternatives(hint)
        if name not in but and all(map(_is_checked, alternatives)):
            checks[name] = _check_of(alternatives)
    return checks


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _is_checked(hint: Any) -> bool:
    if get_origin(hint) is Literal or getattr(hint, "_is_protocol", False):
        return False
    return isinstance(hint, type) or get_origin(hint) is not None


def _check_of(alternatives: Sequence[Any]) -> _Check:
    tests = [_test_of(each) for each in alternatives]
    named = [each for each in alternatives if each is not NoneType]
    exact = {each for each in alternatives if isinstance(each, type) and get_origin(each) is None}
    return _Check(
        frozenset(exact - {object}),
        lambda value: any(test(value) for test in tests),
        " or ".join(sorted(map(_name_of, named), key=lambda name: name != "text")),
    )


def _test_of(hint: Any) -> Callable[[object], bool]:
    """Returns whether a value is of a type; a bool is no number."""
    origin = get_origin(hint) or hint
    if origin is Sequence:
        tests = [_test_of(each) for each in _alternatives(get_args(hint)[0])]
        return lambda value: (
            isinstance(value, Sequence)
            and not isinstance(value, (str, bytes))
            and all(any(test(each) for test in tests) for each in value)
        )
    if origin is Iterable:
        return lambda value: (
            isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
        )
    if origin is Callable:
        return callable
    if origin in (int, float):
        return lambda value: isinstance(value, (int, origin)) and not isinstance(value, bool)
    if origin is Path:
        return lambda value: isinstance(value, os.PathLike)
    return lambda value: isinstance(value, origin)


def _name_of(hint: Any) -> str:
    origin = get_origin(hint) or hint
    if origin in (Sequence, Iterable):
        inner = [each for each in _alternatives(get_args(hint)[0]) if isinstance(each, type)]
        names = [_plural_of(each) for each in inner]
        return f"a list of {' or '.join(names)}" if names else "a list"
    if origin is Callable:
        return "a function"
    name = getattr(origin, "__name__", str(origin))
    return _NAMES.get(origin, f"{'an' if name[0] in 'AEIOU' else 'a'} {name}")


def _plural_of(hint: type) -> str:
    if hint is str:
        return "texts"
    return "paths" if hint is Path else str(hint.__name__)
