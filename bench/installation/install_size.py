"""Measures what installing aqe takes: disk and packages, without any extra.

Run: ``python -m aqe.bench.installation.install_size [WHAT] [--out FILE]``, where WHAT is what pip
is given: by default the checkout that this file is in, or a wheel. It makes a new environment in a
temporary folder, so it needs a package registry.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

__all__ = ["MAX_MEGABYTES", "MAX_PACKAGES", "InstalledPackage", "installed_packages", "report"]

MAX_MEGABYTES = 310
MAX_PACKAGES = 45
MEGABYTE = 1_000_000

_ROOT = Path(__file__).resolve().parents[2]
# Those of a new environment.
_OWN = {"pip", "setuptools", "wheel"}


class InstalledPackage(NamedTuple):
    """A package and the bytes of its files, the bytecode that pip compiles included."""

    name: str
    version: str
    size_bytes: int


def installed_packages(folder: Path) -> list[InstalledPackage]:
    """Returns the packages in a ``site-packages`` folder, largest first; pip's own are left out."""
    packages = [
        InstalledPackage(found.name, found.version, _size(found))
        for found in distributions(path=[str(folder)])
        if found.name not in _OWN
    ]
    return sorted(packages, key=lambda package: (-package.size_bytes, package.name.lower()))


def _size(found: Distribution) -> int:
    files = (Path(str(file.locate())) for file in found.files or ())
    return sum(file.stat().st_size for file in files if file.is_file())


def report(packages: Sequence[InstalledPackage]) -> str:
    """Returns a Markdown table of the packages that take at least a megabyte, and the totals."""
    total = sum(package.size_bytes for package in packages)
    rows = [
        f"| {package.name} | {package.version} | {package.size_bytes / MEGABYTE:.1f} |"
        for package in packages
        if package.size_bytes >= MEGABYTE
    ]
    return "\n".join(
        (
            f"Packages: {len(packages)}, at most {MAX_PACKAGES}."
            f" Megabytes: {total / MEGABYTE:.0f}, at most {MAX_MEGABYTES}.",
            "",
            "| package | version | MB |",
            "|---|---|---:|",
            *rows,
        )
    )


def _install(what: str, folder: Path) -> Path:
    """Returns the ``site-packages`` of a new environment that has only what pip was given."""
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", what], check=True)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)
    return Path(done.stdout.strip())


def main(arguments: Sequence[str] | None = None) -> None:
    """Installs, measures and prints; exit code 1 if it is more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default=str(_ROOT), help="a wheel, or a checkout")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        packages = installed_packages(_install(options.what, Path(folder)))
    text = report(packages)
    sys.stdout.write(text + "\n")
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")
    megabytes = sum(package.size_bytes for package in packages) / MEGABYTE
    sys.exit(megabytes > MAX_MEGABYTES or len(packages) > MAX_PACKAGES)


if __name__ == "__main__":
    main()
