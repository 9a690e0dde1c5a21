"""The ready form reads like a file that a person wrote: imports in groups, no repeated notes."""

from __future__ import annotations

from pathlib import Path

from aqe.retrieval.extraction import extract_file

CONFTEST = (
    "from __future__ import annotations\nimport pytest\nfrom zlib import crc32\n"
    "@pytest.fixture\ndef sums():\n    return crc32\n"
)


def _ready(folder: Path, code: str) -> str:
    (folder / "test_a.py").write_text(code)
    return extract_file(folder / "test_a.py").patterns[0].ready()


def test_ready_groups_imports_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "__init__.py").write_text("")
    ready = _ready(
        tmp_path,
        "import os.path\nimport numpy\nfrom . import near\nfrom math import pi, tau\n"
        "try:\n    import fast\nexcept ImportError:\n    fast = None\n"
        "import json as j\ndef test_a(sums):\n    near(os.path, numpy, pi, fast, j, sums)\n",
    )
    assert ready.startswith(
        "from __future__ import annotations\n\n"
        "from zlib import crc32\nimport os.path\nfrom math import pi\n\n"
        "import pytest\nimport numpy\n\n"
        "from . import near\n\n"
        "try:\n    import fast\nexcept ImportError:\n    fast = None\n\n"
        "import json as j\n\n\n# from "
    )


def test_ready_keeps_imports_behind_the_statements_before_them(tmp_path: Path) -> None:
    ready = _ready(
        tmp_path,
        "import pytest\npytest.register(1)\nimport os\ndef test_a():\n    pytest.run(os)\n",
    )
    assert ready.index("pytest.register(1)") < ready.index("import os")


def test_ready_names_the_origin_of_constants_once(tmp_path: Path) -> None:
    ready = _ready(tmp_path, "A = 1\nB = A\nC = B\ndef test_a():\n    assert C\n")
    assert ready.startswith("# from test_a.py:1\nA = 1\nB = A\nC = B\n\n\ndef test_a")
