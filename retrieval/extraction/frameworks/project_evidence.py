"""Reads the clues to a framework in the files of a JavaScript or TypeScript project."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ....schema.frameworks.declarations import declarations
from ....schema.frameworks.framework_declaration import FrameworkDeclaration
from ..discovery.project_root import read_json_object
from ..discovery.runner_globs import command_globs, globs_in
from ..source_file import SourceFile

__all__ = [
    "folders_above",
    "own_file_framework",
    "project_framework",
    "project_frameworks",
    "unsupported_script",
]

_MAX_CONFIG_BYTES = 64 * 1024
# The names of packages and scripts in a command are no programs that it runs.
_FILTER = re.compile(r"(?:--filter|--workspace|--scope|--prefix|--cwd|-F|-w|-C)(?:[ =]+)\S+")
_SCRIPT_NAME = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:-\S+\s+)*run(?:-script)?\s+\S+")


# Settings that name the folder of the tests, or a glob of them.
_SPEC_FOLDERS = re.compile(
    r"\b(?:testDir|specPattern|integrationFolder)[\"']?\s*:\s*\[?\s*[\"'`]([^\"'`*{]*)"
)


def project_frameworks(folder: Path) -> list[FrameworkDeclaration]:
    """Returns the frameworks that the files of a folder name, most telling first."""
    found = [*_from_scripts(folder), *_from_configuration(folder), *_from_dependencies(folder)]
    return list(dict.fromkeys(found))


def own_file_framework(source: SourceFile, *, imports_test: bool) -> FrameworkDeclaration | None:
    """Returns the framework that a file belongs to by its name or folder, or None.

    Only frameworks that run files of their own are considered.

    Args:
        imports_test: Whether the file imports its test function: Playwright has no global one, and
            Cypress has no other.
    """
    folders = list(folders_above(source))
    known = {each for folder in folders for each in project_frameworks(folder)}
    candidates = [each for each in declarations().supported if each.own_files]
    for framework in candidates:
        is_named = re.fullmatch(framework.file_names, source.path.name)
        if is_named and (framework in known or not known):
            return framework
    fitting = next((each for each in candidates if each.has_globals != imports_test), None)
    if fitting is None or fitting not in known:
        return None
    configured = any(_is_in_spec_folder(source, folder, fitting) for folder in folders)
    return fitting if configured or _is_in_own_folder(source, fitting) else None


def project_framework(source: SourceFile, *, imports_test: bool) -> FrameworkDeclaration | None:
    """Returns the framework that the nearest package.json or configuration file names, or None.

    One that runs files of its own applies only to them, or if the folder has no other: a project
    that tests its pages with Cypress runs its other tests with another framework. Of several, one
    whose configuration names the file comes first, and one whose configuration names others last.
    """
    path = str(source.path.absolute())
    for folder in folders_above(source):
        frameworks = project_frameworks(folder)
        shared = [each for each in frameworks if not each.own_files]
        if len(shared) > 1:
            shared.sort(key=lambda each: -_claim(folder, each, path))
        # A file that imports no test function is hardly for a framework without global ones.
        shared.sort(key=lambda each: not (each.has_globals or imports_test))
        if shared:
            return shared[0]
        own = next((each for each in frameworks if not each.has_globals), None)
        if imports_test and own is not None:
            return own
        if unsupported_script(folder):
            return None
    return None


def unsupported_script(folder: Path) -> str | None:
    """Returns the unsupported framework that the scripts of a folder run, or None."""
    commands = _scripts(folder).values()
    for framework in declarations().frameworks:
        if framework.is_supported or not framework.scripts:
            continue
        if any(re.search(framework.scripts, command) for command in commands):
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


def _claim(folder: Path, framework: FrameworkDeclaration, path: str) -> int:
    """Returns 1 if a framework's configuration or command names a file, -1 if it names others."""
    scripts = _scripts(folder).values() if framework.scripts else ()
    commands = [text for text in scripts if re.search(framework.scripts, text)]
    named = command_globs(folder, commands)
    if named is not None and named.names(path):
        return 1
    own = [glob for glob in framework.config_files if "/" not in glob]
    listed = [name for name in _listed(folder) if any(fnmatch.fnmatch(name, glob) for glob in own)]
    globs = globs_in(folder, listed)
    if globs is None:
        return 0
    return 1 if globs.names(path) else -1


def _is_in_own_folder(source: SourceFile, framework: FrameworkDeclaration) -> bool:
    return not framework.folders.isdisjoint(re.split(r"[/.]", source.relative_path.lower()))


def _is_in_spec_folder(source: SourceFile, folder: Path, framework: FrameworkDeclaration) -> bool:
    """Returns whether a file is in the folder that a framework's configuration names."""
    path = source.path.absolute()
    for name in _listed(folder):
        if ".config." in name and any(
            fnmatch.fnmatch(name, glob) for glob in framework.config_files
        ):
            for spec in _SPEC_FOLDERS.findall(_text(folder / name)):
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


def _from_scripts(folder: Path) -> list[FrameworkDeclaration]:
    """Returns the frameworks that the scripts run, that of ``test`` first."""
    scripts = _scripts(folder)
    ordered = sorted(scripts, key=lambda name: (name != "test", not name.startswith("test"), name))
    known = [each for each in declarations().supported if each.scripts]
    return [
        framework
        for name in ordered
        for framework in known
        if re.search(framework.scripts, scripts[name])
    ]


def _from_configuration(folder: Path) -> list[FrameworkDeclaration]:
    """Returns the frameworks with a configuration file, or settings in package.json."""
    names = [*_listed(folder), *(f"test/{name}" for name in _listed(folder / "test"))]
    names += [f"spec/support/{name}" for name in _listed(folder / "spec" / "support")]
    known = declarations().supported
    configured = [
        each for each in known if any(fnmatch.filter(names, glob) for glob in each.config_files)
    ]
    manifest = read_json_object(folder / "package.json")
    return configured + [
        each for each in known if any(key in manifest for key in each.manifest_keys)
    ]


def _from_dependencies(folder: Path) -> list[FrameworkDeclaration]:
    manifest = read_json_object(folder / "package.json")
    names: set[str] = set()
    for section in ("devDependencies", "dependencies"):
        listed = manifest.get(section)
        names |= set(listed) if isinstance(listed, dict) else set()
    known = declarations().supported
    return [each for each in known if not names.isdisjoint(each.dependencies)]


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # missing or not permitted: no clue
