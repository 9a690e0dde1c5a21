"""Reads the conftest.py files that apply to a test file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ...text.syntax_tree import parse
from ..source_file import ExtractionTuning, SourceFile, UnreadableSourceError, read_source
from .code_module import CodeModule

__all__ = ["conftest_modules"]

_TUNING = ExtractionTuning(max_bytes=128 * 1024, max_tokens=60_000)
_MAX_FOLDERS = 12


def conftest_modules(source: SourceFile) -> tuple[CodeModule, ...]:
    """Returns the conftest.py of a file's folder and of those above it in its project.

    The nearest comes first. One that cannot be read, or has a secret, is left out: pytest finds its
    fixtures in any case.
    """
    modules: list[CodeModule] = []
    folder = source.path.absolute().parent
    for _ in range(_MAX_FOLDERS):
        path = folder / "conftest.py"
        try:
            status = path.stat()
        except OSError:
            status = None  # no such file
        if status is not None and path != source.path.absolute():
            module = _read(path, (status.st_mtime_ns, status.st_size))
            modules += [module] if module is not None else []
        if folder == source.root.folder or folder.parent == folder:
            break
        folder = folder.parent
    return tuple(modules)


@lru_cache(maxsize=32)
def _read(path: Path, stamp: tuple[int, int]) -> CodeModule | None:
    """Returns a file as a module, or None if it cannot be used.

    Args:
        stamp: Time and size of the file, so that a changed file is read again.
    """
    try:
        source = read_source(path, _TUNING)
    except UnreadableSourceError:
        return None
    root = parse(source.code, "python").root_node
    if root.has_error or not source.is_clean:
        return None
    return CodeModule(source, root, "python")
