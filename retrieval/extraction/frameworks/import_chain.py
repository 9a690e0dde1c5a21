"""Follows the import of a test function to the modules that it comes from.

A file of a project's own fixtures (``import { test } from './fixtures'``) is read as text, and the
modules that it imports are returned, those of further such files included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ..code_facts import Import
from ..discovery.project_root import read_json_object

__all__ = ["followed_modules", "imports_test_function", "module_file", "relative_imports"]

_TEST_FUNCTION = re.compile(
    r"(?:it|test|describe|suite|base|expect)(?:[A-Z]\w*)?\Z|\w+(?:Test|It|Spec|Scenario)\Z"
)
_OWN_TEST = re.compile(r"(?:it|test)(?:[A-Z]\w*)?\Z|\w+(?:Test|It|Spec|Scenario)\Z")
_MODULE = re.compile(r"(?:\bfrom|\brequire\(|\bimport\(|\bimport)\s*[\"']([^\"'\n]{1,200})[\"']")
_TYPE_IMPORT = re.compile(r"\bimport\s+type\s[^;]{0,2000}?\bfrom\s*[\"'][^\"'\n]*[\"']")
_MAPPED_NAME = re.compile(
    r"[\"'](\^?[#@~][^\"'()*\n]{1,200}\$?)[\"']\s*:\s*[\"'](<rootDir>/[^\"'\n]{1,200})[\"']"
)
_SUFFIXES: Final = (".ts", ".tsx", ".js", ".jsx", ".mts", ".mjs", ".cts", ".cjs")
_MAX_BYTES = 256 * 1024
_MAX_FILES = 12
_MAX_FOLDERS = 12


def imports_test_function(imports: Iterable[Import]) -> bool:
    """Returns whether a file imports a function `test` or `it`; Playwright has no global ones."""
    return any(_OWN_TEST.match(found.alias) for found in imports)


def followed_modules(path: Path, imports: Iterable[Import]) -> tuple[str, ...]:
    """Returns the modules behind the imported test functions of a file, nearest first."""
    pending = [
        (path, imported.module)
        for imported in imports
        if _TEST_FUNCTION.match(imported.alias) or _TEST_FUNCTION.match(imported.name)
    ]
    seen: set[Path] = set()
    modules: dict[str, None] = {}
    while pending and len(seen) < _MAX_FILES:
        importer, module = pending.pop(0)
        target = module_file(importer, module)
        if target is None or target in seen:
            continue
        seen.add(target)
        for found in _modules_of(target):
            modules[found] = None
            pending.append((target, found))
    return tuple(modules)


def relative_imports(path: Path) -> Iterator[Path]:
    """Yields the files of the project that a file imports by their relative paths."""
    for module in dict.fromkeys(_modules_of(path)):
        target = module_file(path, module) if module.startswith(".") else None
        if target is not None:
            yield target


def _modules_of(path: Path) -> list[str]:
    return _MODULE.findall(_TYPE_IMPORT.sub("", _text_of(path)))


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""  # no clue


def module_file(importer: Path, module: str) -> Path | None:
    """Returns the file of a module inside the project, or None for a package."""
    if module.startswith("."):
        return _file_at(importer.absolute().parent / module)
    for base in _alias_targets(importer, module):
        found = _file_at(base)
        if found is not None:
            return found
    return None


def _file_at(base: Path) -> Path | None:
    candidates = [base] if base.suffix in _SUFFIXES else []
    if base.suffix in {".js", ".mjs", ".cjs", ".jsx"}:
        candidates += [base.with_suffix(suffix) for suffix in (".ts", ".tsx", ".mts", ".cts")]
    candidates += [base.with_name(base.name + suffix) for suffix in _SUFFIXES]
    candidates += [base / f"index{suffix}" for suffix in _SUFFIXES]
    for candidate in candidates:
        try:
            if candidate.is_file():
                return candidate.resolve()
        except OSError:
            continue  # a name too long for the system
    return None


def _alias_targets(importer: Path, module: str) -> Iterator[Path]:
    """Yields where `paths` and `baseUrl` of the nearest tsconfig.json place a module."""
    for folder in list(importer.absolute().parents)[:_MAX_FOLDERS]:
        for name in ("tsconfig.json", "tsconfig.base.json", "jsconfig.json"):
            options = read_json_object(folder / name, with_comments=True).get("compilerOptions")
            if isinstance(options, dict):
                yield from _mapped(folder, options, module)
        yield from _named_by_package(folder, module)
        if (folder / ".git").exists():
            return


def _named_by_package(folder: Path, module: str) -> Iterator[Path]:
    """Yields where `imports` of a package.json, or jest's `moduleNameMapper`, place a module."""
    if not module.startswith(("#", "@", "~")):
        return
    manifest = read_json_object(folder / "package.json")
    imports, jest = manifest.get("imports"), manifest.get("jest")
    mapper = jest.get("moduleNameMapper") if isinstance(jest, dict) else None
    listed = {**imports} if isinstance(imports, dict) else {}
    listed |= mapper if isinstance(mapper, dict) else {}
    pairs = [(str(key), str(target)) for key, target in listed.items()]
    for name in ("jest.config.js", "jest.config.cjs", "jest.config.mjs", "jest.config.ts"):
        pairs += _MAPPED_NAME.findall(_text_of(folder / name))
    for key, target in pairs:
        if key.removeprefix("^").removesuffix("$") == module:
            yield folder / target.removeprefix("<rootDir>/")


def _mapped(folder: Path, options: dict[str, object], module: str) -> Iterator[Path]:
    base = options.get("baseUrl")
    root = folder / base if isinstance(base, str) else folder
    paths = options.get("paths")
    for pattern, targets in paths.items() if isinstance(paths, dict) else ():
        prefix, star, suffix = str(pattern).partition("*")
        fits = module.startswith(prefix) and module.endswith(suffix) if star else module == prefix
        if fits and isinstance(targets, list):
            middle = module[len(prefix) : len(module) - len(suffix)] if star else ""
            yield from (root / str(target).replace("*", middle) for target in targets)
    if isinstance(base, str):
        yield root / module
