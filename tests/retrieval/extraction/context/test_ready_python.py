"""The ready form of a Python test runs as the original does, next to it and without its file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import extract_file
from aqe.schema import TestPattern

CONFTEST = """
import pytest
from helpers import base

def doubled(number):
    return number * 2

@pytest.fixture
def value():
    return doubled(base())

@pytest.fixture
def outer(value):
    return [value]
"""
# Files of a project, the last with the test; what its ready form has, and has not.
CASES: dict[str, tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "a fixture of a parent folder that uses a fixture": (
        {
            "conftest.py": CONFTEST,
            "helpers.py": "def base():\n    return 1\n",
            "unit/test_a.py": "def test_it(outer):\n    assert outer == [2]\n",
        },
        ("from helpers import base", "# from conftest.py:5", "def value():", "def outer(value):"),
        ("left out",),
    ),
    "an import of a package above, moved to a folder below": (
        {
            "__init__.py": "",
            "helpers.py": "def base():\n    return 1\n",
            "conftest.py": CONFTEST.replace("from helpers", "from .helpers"),
            "unit/__init__.py": "",
            "unit/test_a.py": "def test_it(value):\n    assert value == 2\n",
        },
        ("from ..helpers import base",),
        ("def outer",),
    ),
    "a fixture whose names mean something else here stays in conftest.py": (
        {
            "conftest.py": CONFTEST.replace("from helpers import base", "base = lambda: 1"),
            "test_a.py": "def doubled(x):\n    return x\ndef test_it(value):\n"
            "    assert doubled(value) == 2\n",
        },
        ("# left out: fixture value (3 lines), conftest.py:8",),
        ("def value",),
    ),
    "a fixture that overrides one of conftest.py": (
        {
            "conftest.py": CONFTEST.replace("from helpers import base", "base = lambda: 1"),
            "test_a.py": "import pytest\n@pytest.fixture\ndef value(value):\n    return value + 1\n"
            "def test_it(value):\n    assert value == 2 + 1\n",
        },
        ("def value(value):", "# left out: fixture value"),
        (),
    ),
    "a conditional import of conftest.py": (
        {
            "conftest.py": "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
            "import pytest\nif TYPE_CHECKING:\n"
            "    from nowhere import Thing\n@pytest.fixture\ndef value() -> Thing:\n"
            "    made: Thing = 1\n    return made\n",
            "test_a.py": "def test_it(value):\n    assert value == 1\n",
        },
        (
            "from __future__ import annotations\n\nfrom typing import TYPE",
            "    from nowhere import Thing",
        ),
        (),
    ),
    "an import for its effect": (
        {
            "effect.py": "import os\nos.environ['A_E'] = '1'\n",
            "test_a.py": "import os\nfrom effect import os as _\nimport json\ndef other():\n"
            "    json.dumps(1)\ndef test_it():\n    assert os.environ['A_E'] == '1'\n",
        },
        ("from effect import os as _",),
        ("json",),
    ),
    "constants that are looked up by name": (
        {
            "test_a.py": "import sys\nSIZE = 1\ndef test_it():\n"
            "    assert getattr(sys.modules[__name__], 'SI' + 'ZE') == 1\n"
        },
        ("SIZE = 1",),
        (),
    ),
    "an autouse fixture": (
        {
            "conftest.py": "import pytest, os\n@pytest.fixture(autouse=True)\n"
            "def setting(monkeypatch):\n    monkeypatch.setenv('A_B', '1')\n",
            "test_a.py": "import os\ndef test_it():\n    assert os.environ['A_B'] == '1'\n",
        },
        ("autouse=True",),
        (),
    ),
    "a state that conftest.py changes stays there": (
        {
            "conftest.py": "import pytest\nstate = 0\ndef pytest_configure(config):\n"
            "    global state\n    state = 2\n@pytest.fixture\ndef now():\n    return state\n",
            "test_a.py": "def test_it(now):\n    assert now == 2\n",
        },
        ("# left out: fixture now",),
        ("return state",),
    ),
    "a helper that uses a constant that a statement changes": (
        {
            "test_a.py": """
            from collections import (
                Counter,
                OrderedDict,
            )
            ALL = [0]
            ALL.append(1)
            UNUSED = [2]
            UNUSED.append(1)
            def shadowed():
                UNUSED = 1
                return UNUSED
            def total(names=ALL):
                return shadowed() + sum(Counter(names).values())
            def test_it():
                assert total() == 2 + 1
            """
        },
        ("from collections import Counter\n", "ALL.append(1)", "def total(names=ALL):"),
        ("UNUSED = [2]", "UNUSED.append", "OrderedDict"),
    ),
    "a base class in the same file, in parts": (
        {
            "test_a.py": """
            import unittest
            LIMIT = 2
            class Base(unittest.TestCase):
                factor = 1
                unused = 0
                def setUp(self):
                    self.value = self.made()
                def made(self):
                    return LIMIT
                def not_reached(self):
                    return 1
                def test_other(self):
                    assert self.not_reached()
            class TestIt(Base):
                own = 1
                def test_it(self):
                    assert self.value * self.factor == LIMIT * self.own
            """
        },
        ("class Base(unittest.TestCase):", "factor = 1", "def made", "own = 1", "LIMIT = 2"),
        ("not_reached", "unused", "test_other"),
    ),
    "a base class in another file, which calls what the class defines": (
        {
            "bases.py": "class Base:\n    def check(self):\n        assert self.made() == 1\n",
            "test_a.py": """
            from bases import Base
            class TestIt(Base):
                def made(self):
                    return 1
                def test_it(self):
                    self.check()
            """,
        },
        ("from bases import Base", "def made(self):"),
        (),
    ),
    "parametrize with a constant, decorated helpers and a named fixture": (
        {
            "test_a.py": """
            import functools
            import pytest
            CASES = [1]
            def same(function):
                return functools.wraps(function)(lambda *a: function(*a))
            @same
            def one_more(x):
                return x + 1
            @pytest.fixture(name="start")
            def _start():
                return 0
            @pytest.mark.parametrize("case", CASES)
            def test_it(case, start):
                assert one_more(start) == case
            """
        },
        ("CASES = [1]", "@same", "def same", 'name="start"'),
        (),
    ),
    "future, conditional, type-checking and star imports": (
        {
            "test_a.py": '''
            """Docstring."""
            from __future__ import annotations
            from typing import TYPE_CHECKING
            from os.path import *
            try:
                import not_installed_anywhere as fast
            except ImportError:
                fast = None
            if TYPE_CHECKING:
                from nowhere import Thing
            if fast is None:
                def pick() -> int:
                    return 1
            else:
                def pick() -> int:
                    return 2
            def test_it():
                thing: Thing = pick()
                assert thing == 1 and basename("a") == "a"
            '''
        },
        ("from __future__ import annotations\n", "from os.path import *", "fast = None"),
        ('"""Docstring."""',),
    ),
    "marks, module setup and usefixtures": (
        {
            "test_a.py": """
            import os
            import pytest
            pytestmark = pytest.mark.usefixtures("ready")
            os.environ["A_C"] = "1"
            seen = []
            def setup_module():
                seen.append(1)
            @pytest.fixture
            def ready():
                seen.append(2)
            if __name__ == "__main__":
                pytest.main()
            def test_it():
                assert seen == [1, 2] and os.environ["A_C"] == "1"
            """
        },
        ("pytestmark = ", 'os.environ["A_C"] = "1"', "def setup_module", "def ready"),
        ("__main__",),
    ),
    "what does not fit is imported from the original": (
        {
            "test_a.py": "def long(x):\n" + "    x = x\n" * 70 + "    return x\n"
            "def test_it():\n    assert long(1) == 1\n"
        },
        ("from test_a import long  # left out: 72 lines, test_a.py:1",),
        ("def long",),
    ),
    "a name of which one statement does not fit is imported as a whole": (
        {
            "test_a.py": "found = []\nfound += [\n"
            + "    1,\n" * 70
            + "]\nfound.append(2)\ndef test_it():\n    assert len(found) > 2 and found[-1] == 2\n"
        },
        ("from test_a import found",),
        ("found = []", "found.append"),
    ),
}


def _write(folder: Path, files: Mapping[str, str]) -> Path:
    (folder / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(code), encoding="utf-8")
    return path


def _pattern(path: Path) -> TestPattern:
    return next(p for p in extract_file(path).patterns if p.name.endswith("test_it"))


def _run(path: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path.name]
    result = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    return result.stdout


@pytest.mark.parametrize("case", CASES)
def test_ready_form_passes_in_the_folder_of_its_test(tmp_path: Path, case: str) -> None:
    files, present, absent = CASES[case]
    path = _write(tmp_path, files)
    ready = _pattern(path).ready()
    for text in present:
        assert text in ready
    for text in absent:
        assert text not in ready
    if "from test_a import" not in ready:
        path.unlink()  # nothing of it may be needed
    new = path.with_name("test_new.py")
    new.write_text(ready)
    assert "1 passed" in _run(new), ready


def test_ready_form_of_a_skipped_module_is_skipped(tmp_path: Path) -> None:
    code = (
        "import pytest\npytest.importorskip('not_installed_anywhere')\ndef test_it():\n    pass\n"
    )
    path = _write(tmp_path, {"test_a.py": code})
    path.write_text(_pattern(path).ready())
    assert "1 skipped" in _run(path)


def test_context_says_where_each_part_is_from(tmp_path: Path) -> None:
    code = "import os\nSIZE = 1\ndef helper():\n    return SIZE\n"
    code += "def test_it():\n    os.stat(helper())\n"
    pattern = _pattern(_write(tmp_path, {"unit/test_a.py": code}))
    assert [(part.kind, part.name, part.origin) for part in pattern.context] == [
        ("import", "os", "unit/test_a.py:1"),
        ("constant", "SIZE", "unit/test_a.py:2"),
        ("helper", "helper", "unit/test_a.py:3"),
    ]
    assert pattern.ready() == (
        "import os\n\n\n# from unit/test_a.py:2\nSIZE = 1\n\n\n# from unit/test_a.py:3\n"
        "def helper():\n    return SIZE\n\n\ndef test_it():\n    os.stat(helper())\n"
    )


def test_context_has_statements_of_every_kind(tmp_path: Path) -> None:
    code = """
    import pytest
    import numpy as np
    import numpy.linalg
    from typing import NamedTuple, TypeAlias, TypeVar
    type Row[T] = list[T]
    type Plain = int
    T = TypeVar("T")
    Alias: TypeAlias = "list[int]"
    class Point(NamedTuple):
        x: int
    assert np
    try:
        import fast
    except ImportError:
        pytest.skip("needs fast", allow_module_level=True)
    first, (second, *others) = third = Point(1), (2, 0)
    made = pytest.fixture(lambda: 1)
    first.x = 2
    for number in others:
        third.append(number)
    if first:
        print(first)
    await first.start()
    def test_it(made, row: Row, plain: Plain, alias: Alias, t: T):
        assert first, second + third
        np.linalg.norm(numpy.linalg)
    """
    pattern = _pattern(_write(tmp_path, {"test_a.py": code}))
    assert [(part.kind, part.name) for part in pattern.context] == [
        ("import", "NamedTuple, TypeAlias, TypeVar"),
        ("import", "pytest"),
        ("import", "np"),
        ("import", "numpy"),
        ("type", "Row"),
        ("type", "Plain"),
        ("type", "T"),
        ("type", "Alias"),
        ("type", "Point"),
        ("setup", ""),
        ("setup", "fast"),
        ("constant", "first, second, others, third"),
        ("fixture", "made"),
        ("setup", ""),
        ("setup", ""),
        ("setup", ""),
        ("setup", ""),
    ]


def test_context_keeps_texts_as_they_are(tmp_path: Path) -> None:
    code = 'TEXT = """a\n  \n    {{b}}\n"""\ndef test_it():\n    assert TEXT\n'
    path = tmp_path / "test_a.py"
    path.write_text(code)
    assert code.partition("def")[0] in _pattern(path).ready()


def test_context_leaves_out_setup_that_is_too_long(tmp_path: Path) -> None:
    body = "".join(f"        self.x{n} = 1\n" for n in range(130))
    code = f"class TestA:\n    def setup_method(self):\n{body}"
    code += "    def test_it(self):\n        assert 1\n"
    ready = _pattern(_write(tmp_path, {"test_a.py": code})).ready()
    assert ready.startswith("# left out: setup setup_method (131 lines), test_a.py:2\n")


def test_context_takes_nothing_from_an_unreadable_conftest(tmp_path: Path) -> None:
    for conftest in ("import pytest\n@pytest.fixture\ndef value(:\n", "x = \0"):
        path = _write(
            tmp_path, {"conftest.py": conftest, "test_a.py": "def test_it(value):\n    value\n"}
        )
        assert _pattern(path).context == ()


def test_code_of_context_is_the_same_when_lines_move(tmp_path: Path) -> None:
    code = "def long(x):\n" + "    x = x\n" * 70 + "    return x\nSIZE = 1\n"
    code += "def test_it(value):\n    assert long(SIZE)\n"
    conftest = "import pytest\n@pytest.fixture\ndef value():\n" + "    pass\n" * 70
    files = {"conftest.py": conftest, "test_a.py": code}
    before = _pattern(_write(tmp_path, files))
    after = _pattern(_write(tmp_path, {name: f"\n\n{text}" for name, text in files.items()}))
    assert [part.code for part in after.context] == [part.code for part in before.context]
    assert "# left out: fixture value (72 lines), conftest.py:4" in after.ready()
