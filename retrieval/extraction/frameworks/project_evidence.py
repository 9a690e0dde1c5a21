"""Reads the clues to a framework in the files of a JavaScript or TypeScript project."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ....schema.records.patterns import Framework
from ..discovery.project_root import read_json_object
from ..discovery.runner_globs import command_globs, globs_in
from ..source_file import SourceFile
from .framework_clues import (
    BROWSER_FOLDERS,
    BROWSER_FRAMEWORKS,
    BROWSER_NAMES,
    CONFIG_FILES,
    DEPENDENCIES,
    MANIFEST_KEYS,
    SCRIPTS,
    SPEC_FOLDERS,
)
from .unsupported_frameworks import JAVASCRIPT_FRAMEWORKS

__all__ = [
    "browser_framework",
    "folders_above",
    "project_framework",
    "project_frameworks",
    "unsupported_script",
]

_MAX_CONFIG_BYTES = 64 * 1024
# The names of packages and scripts in a command are no programs that it runs.
_FILTER = re.compile(r"(?:--filter|--workspace|--scope|--prefix|--cwd|-F|-w|-C)(?:[ =]+)\S+")
_SCRIPT_NAME = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:-\S+\s+)*run(?:-script)?\s+\S+")


def project_frameworks(folder: Path) -> list[Framework]:
    """Returns the frameworks that the files of a folder name, most telling first."""
    found = [*_from_scripts(folder), *_from_configuration(folder), *_from_dependencies(folder)]
    return list(dict.fromkeys(found))


def browser_framework(source: SourceFile, *, imports_test: bool) -> Framework | None:
    """Returns the browser framework that a file belongs to by its name or folder, or None.

    Args:
        imports_test: Whether the file imports its test function: Playwright has no global one, and
            Cypress has no other.
    """
    folders = list(folders_above(source))
    known = {name for folder in folders for name in project_frameworks(folder)}
    for pattern, framework in BROWSER_NAMES:
        if pattern.match(source.path.name) and (framework in known or not known):
            return framework
    fitting: Framework = "playwright" if imports_test else "cypress"
    if fitting not in known:
        return None
    configured = any(_is_in_spec_folder(source, folder, fitting) for folder in folders)
    return fitting if configured or _is_browser_file(source) else None


def project_framework(source: SourceFile, *, imports_test: bool) -> Framework | None:
    """Returns the framework that the nearest package.json or configuration file names, or None.

    A browser framework applies only to its own files, or if the folder has no other: a project that
    tests its pages with Cypress runs its other tests with another framework. Of several, one whose
    configuration names the file comes first, and one whose configuration names others comes last.
    """
    path = str(source.path.absolute())
    for folder in folders_above(source):
        frameworks = project_frameworks(folder)
        if len(frameworks) > 1:
            frameworks.sort(key=lambda framework: -_claim(folder, framework, path))
        for framework in frameworks:
            if framework not in BROWSER_FRAMEWORKS:
                return framework
        if imports_test and "playwright" in frameworks:
            return "playwright"
        if unsupported_script(folder):
            return None
    return None


def unsupported_script(folder: Path) -> str | None:
    """Returns the unsupported framework that the scripts of a folder run, or None."""
    commands = _scripts(folder).values()
    for framework in JAVASCRIPT_FRAMEWORKS:
        if any(framework.scripts.search(command) for command in commands):
            return framework.name
    return None


def folders_above(source: SourceFile) -> Iterator[Path]:
    """Yields the test's folder and its parents, up to the root of the repository."""
    for folder in source.path.absolute().parents:
        if folder.name == "node_modules":
            return
        yield folder
        if (folder / ".git").exists():
            return


def _claim(folder: Path, framework: Framework, path: str) -> int:
    """Returns 1 if a framework's configuration or command names a file, -1 if it names others."""
    patterns = [pattern for pattern, name in SCRIPTS if name == framework]
    scripts = _scripts(folder).values()
    commands = [text for text in scripts if any(pattern.search(text) for pattern in patterns)]
    named = command_globs(folder, commands)
    if named is not None and named.names(path):
        return 1
    own = [glob for glob, name in CONFIG_FILES if name == framework and "/" not in glob]
    listed = [name for name in _listed(folder) if any(fnmatch.fnmatch(name, glob) for glob in own)]
    globs = globs_in(folder, listed)
    if globs is None:
        return 0
    return 1 if globs.names(path) else -1


def _is_browser_file(source: SourceFile) -> bool:
    return not BROWSER_FOLDERS.isdisjoint(re.split(r"[/.]", source.relative_path.lower()))


def _is_in_spec_folder(source: SourceFile, folder: Path, framework: Framework) -> bool:
    """Returns whether a file is in the folder that a framework's configuration names."""
    path = source.path.absolute()
    for name in _listed(folder):
        if name.startswith(f"{framework}") and ".config." in name:
            for spec in SPEC_FOLDERS.findall(_text(folder / name)):
                below = os.path.normpath(folder / spec)
                if below != str(folder) and path.is_relative_to(below):
                    return True
    return False


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_CONFIG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""  # no clue


def _scripts(folder: Path) -> dict[str, str]:
    scripts = read_json_object(folder / "package.json").get("scripts")
    if not isinstance(scripts, dict):
        return {}
    return {
        name: _SCRIPT_NAME.sub(" ", _FILTER.sub(" ", str(text))) for name, text in scripts.items()
    }


def _from_scripts(folder: Path) -> list[Framework]:
    """Returns the frameworks that the scripts run, that of ``test`` first."""
    scripts = _scripts(folder)
    ordered = sorted(scripts, key=lambda name: (name != "test", not name.startswith("test"), name))
    return [
        framework
        for name in ordered
        for pattern, framework in SCRIPTS
        if pattern.search(scripts[name])
    ]


def _from_configuration(folder: Path) -> list[Framework]:
    """Returns the frameworks with a configuration file, or settings in package.json."""
    names = [*_listed(folder), *(f"test/{name}" for name in _listed(folder / "test"))]
    names += [f"spec/support/{name}" for name in _listed(folder / "spec" / "support")]
    configured = [framework for glob, framework in CONFIG_FILES if fnmatch.filter(names, glob)]
    manifest = read_json_object(folder / "package.json")
    return configured + [framework for framework in MANIFEST_KEYS if framework in manifest]


def _from_dependencies(folder: Path) -> list[Framework]:
    manifest = read_json_object(folder / "package.json")
    names: set[str] = set()
    for section in ("devDependencies", "dependencies"):
        listed = manifest.get(section)
        names |= set(listed) if isinstance(listed, dict) else set()
    return [framework for name, framework in DEPENDENCIES if name in names]


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # missing or not permitted: no clue
