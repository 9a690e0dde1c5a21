"""Gives records a short text and a form for JSON, in both directions."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Hashable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import PurePath
from typing import Any, Final, Self, TypeVar, cast, get_args, get_origin, get_type_hints

from .validation import require_mapping

__all__ = ["Record", "plain_fields", "record_of", "short_repr"]

SomeRecord = TypeVar("SomeRecord", bound="Record")

MAX_SHOWN_CHARS: Final = 60
_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = MAX_SHOWN_CHARS
_SHORT.maxtuple = _SHORT.maxlist = _SHORT.maxdict = 3


class Record:
    """Base of the dataclasses that enter or leave the product.

    ``repr`` shows the fields that differ from their default, each shortened. Give ``repr=False`` to
    the dataclass.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as ``--json`` prints it: values that JSON has, times in ISO 8601."""
        return plain_fields(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Returns the record that ``to_dict`` wrote, also after a way through JSON.

        Raises:
            TypeError: ``values`` is not a mapping.
            ValueError: A key is unknown or missing, or its value is not valid.
        """
        return record_of(cls, values)

    def __repr__(self) -> str:
        names = [
            field.name
            for field in _fields(type(self))
            if field.repr and getattr(self, field.name) != _default(field)
        ]
        return short_repr(self, *names)


def short_repr(record: Record, *names: str) -> str:
    """Returns the class and these fields of a record in one line, each shortened."""
    shown = ", ".join(f"{name}={_SHORT.repr(getattr(record, name))}" for name in names)
    return f"{type(record).__name__}({shown})"


def plain_fields(record: Record) -> dict[str, Any]:
    """Returns the fields of a record by name, as JSON has them."""
    return {field.name: _plain(getattr(record, field.name)) for field in _fields(type(record))}


def record_of(record: type[SomeRecord], values: Mapping[str, Any]) -> SomeRecord:
    """Returns a record of its fields by name, as JSON has them.

    Raises:
        TypeError: ``values`` is not a mapping.
        ValueError: A key is unknown or missing, or its value is not valid.
    """
    require_mapping("values", values)
    unknown = [key for key in values if key not in {field.name for field in _fields(record)}]
    if unknown:
        raise ValueError(f"a {record.__name__} has no key {unknown[0]!r}; remove or rename it")
    missing = [field.name for field in _fields(record) if _is_missing(field, values)]
    if missing:
        raise ValueError(f"a {record.__name__} needs the key {missing[0]!r}")
    hints = _hints(cast(Hashable, record))
    try:
        return record(**{name: _typed(record, name, hints[name], values[name]) for name in values})
    except TypeError as error:  # a number where a text is needed is a value that is not valid
        raise ValueError(f"not a {record.__name__}: {error}") from error


def _fields(record: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(record)


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _is_missing(field: dataclasses.Field[Any], given: Mapping[str, Any]) -> bool:
    has_default = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
    return not has_default and field.name not in given


@cache
def _hints(record: Hashable) -> dict[str, Any]:
    return get_type_hints(record)


def _plain(value: object) -> Any:
    """Returns a value as JSON has it."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, PurePath) else value


def _typed(record: type, name: str, hint: Any, value: Any) -> Any:
    """Returns the value of a key as the field has it.

    Raises:
        ValueError: It is of another type.
    """
    inner = _record_in(hint)
    if inner is not None and isinstance(value, Mapping):
        return inner.from_dict(value)
    if inner is not None and isinstance(value, list):
        return tuple(inner.from_dict(each) for each in value)
    import msgspec  # no search reads records

    leaf: Any = (str | None) if inner is not None else hint
    try:
        return msgspec.convert(value, leaf)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} of a {record.__name__}: {error}") from None


def _record_in(hint: Any) -> type[Record] | None:
    """Returns the record that a type is, or holds."""
    if isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, Record):
        return hint
    return next(filter(None, map(_record_in, get_args(hint))), None)
