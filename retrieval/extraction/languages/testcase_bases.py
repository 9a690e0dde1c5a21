"""Finds out whether base classes from other files of a project are ``unittest.TestCase``.

The files are read as text, along the imports of the base classes; nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..code_facts import Import
from ..discovery.python_modules import ImportedName, imported_name, python_module_file, read_module

__all__ = ["ImportedBases"]

_MAX_STEPS = 30
# Classes of packages that are a TestCase without saying so in their name.
_PACKAGED = re.compile(
    r"django_webtest\.WebTest\Z|opentelemetry\.test\.[\w.]*Base\Z|wagtail\.test[\w.]*\.\w*Tests\Z"
)


class ImportedBases:
    """Answers for the base classes that one file imports.

    Args:
        path: The file.
        imports: What it imports.
    """

    def __init__(self, path: Path, imports: Iterable[Import]) -> None:
        self._path = path
        self._origins = {found.alias: (found.module, found.name) for found in imports}
        self._known: dict[str, bool] = {}

    def includes(self, base: str) -> bool:
        """Returns whether a base class of the file leads to a TestCase in a file of the project."""
        if base not in self._known:
            self._known[base] = self._leads_to_testcase(base)
        return self._known[base]

    def _leads_to_testcase(self, base: str) -> bool:
        pending = list(imported_name(base, self._origins, self._path))
        seen: set[tuple[Path, str]] = set()
        while pending and len(seen) < _MAX_STEPS:
            importer, module, name = pending.pop()
            if _PACKAGED.match(f"{module}.{name}"):
                return True
            file = python_module_file(importer, module)
            if file is None or (file, name) in seen:
                continue
            seen.add((file, name))
            content = read_module(file)
            for inherited in content.bases.get(name, ()):
                if inherited.endswith("TestCase"):
                    return True
                if inherited in content.bases:
                    pending.append(ImportedName(file, "", inherited))
                pending += imported_name(inherited, content.origins, file)
            pending += imported_name(name, content.origins, file)  # re-exported
        return False
