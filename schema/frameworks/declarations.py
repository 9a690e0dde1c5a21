"""Collects the declared languages and frameworks, and looks them up by name.

Nothing is read before it is asked for. Checking a name reads the one file that declares it, since a
search must not pay for all of them; everything else reads all, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from importlib import import_module
from pkgutil import iter_modules
from threading import Lock
from typing import Final, TypeAlias

from .framework_declaration import CallForms, FrameworkDeclaration
from .language_declaration import LanguageDeclaration

__all__ = [
    "Declarations",
    "call_forms",
    "declarations",
    "declare",
    "framework_names",
    "language_named",
    "language_names",
    "node_fields",
    "node_types",
    "require_framework",
    "require_language",
    "withdraw",
]

_Declaration: TypeAlias = LanguageDeclaration | FrameworkDeclaration

_PACKAGE: Final = __name__.rpartition(".")[0]
_FORM_NAMES: Final = (
    *("tests", "blocks", "hooks", "test_modifiers", "block_modifiers", "tables", "skipping"),
    *("failing", "subtests"),
)


class Declarations:
    """What is known about languages and frameworks; immutable.

    Attributes:
        languages: By name.
        frameworks: Supported and unsupported ones, by rank and name.

    Raises:
        ValueError: Two have the same name, or a framework is for an unknown language.
    """

    def __init__(
        self,
        languages: Iterable[LanguageDeclaration],
        frameworks: Iterable[FrameworkDeclaration],
    ) -> None:
        self.languages = tuple(sorted(languages, key=lambda each: each.name))
        self.frameworks = tuple(sorted(frameworks, key=lambda each: (each.rank, each.name)))
        self._languages = {each.name: each for each in self.languages}
        self._by_name = {each.name: each for each in self.frameworks}
        known = self._languages
        if len(self._by_name) < len(self.frameworks) or len(known) < len(self.languages):
            raise ValueError("each language and framework must be declared once")
        for framework in self.frameworks:
            for name in framework.languages:
                if name not in known:
                    raise ValueError(
                        f"{framework.name} is declared for the unknown language {name!r}; "
                        f"declare it, or use one of {', '.join(sorted(known))}"
                    )

    @cached_property
    def supported(self) -> tuple[FrameworkDeclaration, ...]:
        """The frameworks whose tests are extracted."""
        return tuple(each for each in self.frameworks if each.is_supported)

    @cached_property
    def foreign(self) -> tuple[FrameworkDeclaration, ...]:
        """The frameworks of languages that are not read, and those known by their file names."""
        return tuple(each for each in self.frameworks if not each.is_supported and each.file_names)

    def framework(self, name: str) -> FrameworkDeclaration:
        """Returns the framework with a name.

        Raises:
            ValueError: There is none.
        """
        found = self._by_name.get(name)
        if found is None:
            raise ValueError(_unknown("framework", name, [each.name for each in self.frameworks]))
        return found

    def language(self, name: str) -> LanguageDeclaration:
        """Returns the language with a name.

        Raises:
            ValueError: There is none.
        """
        found = self._languages.get(name)
        if found is None:
            raise ValueError(_unknown("language", name, self._languages))
        return found

    def frameworks_of(self, language: str) -> tuple[FrameworkDeclaration, ...]:
        """Returns the frameworks of a language, unsupported ones included, by rank."""
        return tuple(each for each in self.frameworks if language in each.languages)

    def with_framework(self, framework: FrameworkDeclaration) -> Declarations:
        """Returns these declarations and another framework.

        Raises:
            ValueError: Its name is taken, or its language is unknown.
        """
        return Declarations(self.languages, (*self.frameworks, framework))

    def without_framework(self, name: str) -> Declarations:
        """Returns these declarations without a framework."""
        kept = (each for each in self.frameworks if each.name != name)
        return Declarations(self.languages, kept)


class _Registry:
    """The declarations of this process: those of the files, and those that were added."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._current: Declarations | None = None

    @property
    def is_read(self) -> bool:
        return self._current is not None

    @property
    def current(self) -> Declarations:
        if self._current is None:
            declared = _declared()  # not under the lock, which imports might wait for
            with self._lock:
                self._current = self._current or declared
        return self._current

    def replace(self, declarations: Declarations) -> None:
        with self._lock:
            self._current = declarations


_REGISTRY: Final = _Registry()


def declarations() -> Declarations:
    """Returns all declared languages and frameworks."""
    return _REGISTRY.current


def declare(framework: FrameworkDeclaration) -> None:
    """Makes a framework known in this process, as a file in this folder would.

    Raises:
        ValueError: Its name is taken, or its language is unknown.
    """
    _REGISTRY.replace(declarations().with_framework(framework))


def withdraw(name: str) -> None:
    """Makes a framework unknown in this process; nothing happens if it is."""
    _REGISTRY.replace(declarations().without_framework(name))


def framework_names() -> tuple[str, ...]:
    """Returns the names of the frameworks whose tests are extracted, sorted."""
    return tuple(sorted(each.name for each in declarations().supported))


def language_names() -> tuple[str, ...]:
    """Returns the names of the languages whose tests are extracted, sorted."""
    return tuple(each.name for each in declarations().languages)


def require_framework(field: str, value: object) -> None:
    """Refuses what is not the name of a supported framework.

    Raises:
        ValueError: It is not; the message lists the names.
    """
    if not _REGISTRY.is_read:
        found = _declared_in(value, "")
        if isinstance(found, FrameworkDeclaration) and found.is_supported:
            return
    names = framework_names()
    if value not in names:
        raise ValueError(_unknown(field, value, names))


def require_language(field: str, value: object) -> None:
    """Refuses what is not the name of a language.

    Raises:
        ValueError: It is not; the message lists the names.
    """
    if not _REGISTRY.is_read and isinstance(_declared_in(value, "_language"), LanguageDeclaration):
        return
    names = language_names()
    if value not in names:
        raise ValueError(_unknown(field, value, names))


def language_named(name: str) -> LanguageDeclaration:
    """Returns the language with a name.

    Raises:
        ValueError: There is none.
    """
    found = None if _REGISTRY.is_read else _declared_in(name, "_language")
    if isinstance(found, LanguageDeclaration):
        return found
    return declarations().language(name)


@cache
def node_types(role: str) -> frozenset[str]:
    """Returns the node types of all grammars that have a role, a field of ``NodeTypes``."""
    found: set[str] = set()
    for language in declarations().languages:
        found |= set(getattr(language.nodes, role))
    return frozenset(found)


@cache
def node_fields(role: str) -> dict[str, str]:
    """Returns the node types of all grammars that have a role, each with its field."""
    found: dict[str, str] = {}
    for language in declarations().languages:
        found |= getattr(language.nodes, role)
    return found


def call_forms(forms: Sequence[CallForms]) -> CallForms:
    """Returns the forms of several frameworks as those of one."""
    united: dict[str, frozenset[str]] = {
        name: frozenset().union(*(getattr(form, name) for form in forms)) for name in _FORM_NAMES
    }
    return CallForms(
        **united,
        takes_default=any(form.takes_default for form in forms),
        is_untitled=any(form.is_untitled for form in forms),
    )


def _unknown(field: str, value: object, names: Iterable[str]) -> str:
    return f"{field} must be one of {', '.join(names)}, got {value!r}"


def _families() -> list[str]:
    folder = import_module(_PACKAGE).__path__
    return sorted(module.name for module in iter_modules(folder) if module.ispkg)


@cache
def _declared_in(name: object, ending: str) -> _Declaration | None:
    """Returns what the file for a name declares, or None if there is none or it declares more."""
    if not isinstance(name, str):
        return None
    stem = re.sub(r"\W", "_", name) + ending
    for family in _families():
        package = import_module(f"{_PACKAGE}.{family}")
        if any(module.name == stem for module in iter_modules(package.__path__)):
            found = import_module(f"{package.__name__}.{stem}").DECLARED
            if isinstance(found, _Declaration) and found.name == name:
                return found
    return None


def _declared() -> Declarations:
    languages: list[LanguageDeclaration] = []
    frameworks: list[FrameworkDeclaration] = []
    for family in _families():
        package = import_module(f"{_PACKAGE}.{family}")
        for module in iter_modules(package.__path__):
            found = import_module(f"{package.__name__}.{module.name}").DECLARED
            for each in found if isinstance(found, tuple) else (found,):
                if isinstance(each, LanguageDeclaration):
                    languages.append(each)
                else:
                    frameworks.append(each)
    return Declarations(languages, frameworks)
