"""Tests the study of what an installation takes, on a folder of packages made here."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from aqe.bench.installation.install_size import InstalledPackage, installed_packages, main, report


def add_package(folder: Path, name: str, size: int) -> None:
    """Adds a package with one file to a ``site-packages`` folder."""
    (folder / f"{name}.py").write_bytes(b"#" * size)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "RECORD").write_text(f"{name}.py,,\n{name}/gone.py,,\n")


def test_packages_are_listed_by_size_without_those_of_pip(tmp_path: Path) -> None:
    for name, size in (("small", 10), ("pip", 5_000_000), ("large", 2_500_000)):
        add_package(tmp_path, name, size)
    packages = installed_packages(tmp_path)
    assert packages == [
        InstalledPackage("large", "1.0", 2_500_000),
        InstalledPackage("small", "1.0", 10),
    ]
    text = report(packages)
    assert text.startswith("Packages: 2, at most 45. Megabytes: 3, at most 310.\n")
    assert text.splitlines()[4:] == ["| large | 1.0 | 2.5 |"]


def wheel(folder: Path, name: str) -> Path:
    """Returns a wheel with one module and no dependencies."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return path


def test_study_installs_and_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "size.md"
    with pytest.raises(SystemExit) as ended:
        main([str(wheel(tmp_path, "tiny")), "--out", str(out)])
    assert ended.value.code == 0
    assert capsys.readouterr().out == out.read_text()
    assert out.read_text().startswith("Packages: 1, ")
