"""Test cases are found as unittest finds them, and tests of bases where they run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aqe.retrieval.extraction import extract_file, find_test_files

from .suite_files import (
    PYTHON_TEST,
    TESTCASE,
    found_files,
    make_files,
    names_in,
)


def test_extraction_finds_what_unittest_and_django_find(tmp_path: Path) -> None:
    make_files(
        tmp_path,
        {
            "shop/tests_views.py": TESTCASE,
            "shop/testviews.py": TESTCASE,
            "shop/testing.py": "class Base(object):\n    pass\n",
            "shop/testdata.py": PYTHON_TEST,
            "shop/contest.py": TESTCASE,
        },
    )
    assert found_files(tmp_path) == ["shop/tests_views.py", "shop/testviews.py"]


def test_extraction_finds_files_in_a_time_linear_in_their_size(tmp_path: Path) -> None:
    """A pattern with nested repetitions took minutes for a module of 300 ordinary lines."""
    lines = "".join(f"    name_{number} = call({number})\n\n" for number in range(20_000))
    make_files(tmp_path, {"testing.py": f"class Base(object):\n{lines}"})
    started = time.process_time()
    assert found_files(tmp_path) == []
    assert time.process_time() - started < 2


INHERITED = {
    "methods of TestCase": (
        "from pkg import Base\n\nclass Views(Base):\n    def test_it(self):\n"
        "        self.assertEqual(f(10), 20)\n",
        {},
    ),
    "setup of TestCase": (
        "from pkg import Base\n\nclass Views(Base):\n    def setUp(self):\n        pass\n\n"
        "    def test_it(self):\n        assert self.client.get('/a')\n",
        {},
    ),
    "a base class in the same package": (
        "from .base import ShopBase\n\n"
        "class Views(ShopBase):\n    def test_it(self):\n        run(1)\n",
        {
            "tests/base.py": (
                "from django.test import TestCase\n\nclass ShopBase(TestCase):\n    x = 1\n"
            )
        },
    ),
    "a base class two files further": (
        "from shop.tests import Base as B\n\n"
        "class Views(Mixin, B):\n    def test_it(self):\n        run(1)\n",
        {
            "shop/__init__.py": "",
            "shop/tests/__init__.py": "from .deep import (\n    Other,  # first\n    Base,\n)\n",
            "shop/tests/deep.py": (
                "import unittest\n\nclass Root(unittest.TestCase):\n    pass\n\n"
                "class Base(Root, metaclass=M):\n    pass\n"
            ),
        },
    ),
    "a base class of a module": (
        "from . import base\n\n"
        "class Views(base.ShopBase):\n    def test_it(self):\n        run(1)\n",
        {"tests/base.py": "class ShopBase(TestCase):\n    pass\n"},
    ),
    "a mixin": ("class Shared:\n    def test_it(self):\n        self.assertTrue(f(1))\n", {}),
}


@pytest.mark.parametrize("case", INHERITED)
def test_extraction_knows_test_cases_by_base_classes_in_other_files(
    tmp_path: Path, case: str
) -> None:
    code, files = INHERITED[case]
    make_files(tmp_path, {"tests/__init__.py": "", "tests/test_a.py": code, **files})
    found = extract_file(tmp_path / "tests" / "test_a.py").patterns
    titles = [pattern.name.rpartition(".")[2] for pattern in found]
    assert (titles, [pattern.framework for pattern in found]) == (["test_it"], ["unittest"])


@pytest.mark.parametrize(
    "code",
    [
        "class Helper(Base):\n    def test_it(self):\n        run(1)\n",
        "class Helper:\n    def test_it(self):\n        run(1)\n",
        "class Own:\n    def assertThat(self, a): pass\n    def test_it(self):\n"
        "        self.assertThat(1)\n",
    ],
)
def test_extraction_takes_no_other_class_for_a_test_case(tmp_path: Path, code: str) -> None:
    code = f"from .base import Base\n\n{code}"
    base = (
        "from .test_a import Base as Other\n\n"
        "class Base(Other, Loop):\n    pass\n\nclass Loop(Base):\n    pass\n"
    )
    make_files(tmp_path, {"tests/test_a.py": code, "tests/base.py": base})
    assert names_in(tmp_path, "tests/test_a.py") == []


CONTRACT = "class Contract:\n    def test_it(self):\n        assert self.make() == 20\n"
HEIR = "from contract import Contract\n\nclass TestList(Contract):\n    make = list\n"
FOLLOWED = {
    "a base class in a test folder": {
        "tests/contract.py": CONTRACT,
        "tests/test_a.py": HEIR.replace("contract", ".contract"),
    },
    "a base class elsewhere": {
        "shop/contract.py": CONTRACT,
        "tests/test_a.py": HEIR.replace("contract", "shop.contract"),
    },
    "a base class in a test file": {
        "test_contract.py": CONTRACT,
        "test_b.py": HEIR.replace("contract", "test_contract"),
    },
    "a base class by an alias": {
        "contract.py": CONTRACT,
        "test_a.py": (
            "from contract import Contract as C\n\nclass TestA(C, Generic[T]):\n    make = list\n"
        ),
    },
    "a base class of a module": {
        "shop/contract.py": CONTRACT,
        "test_a.py": (
            "import shop.contract\n\nclass TestA(shop.contract.Contract[int]):\n    make = list\n"
        ),
    },
    "a base class of a module with an alias": {
        "shop/contract.py": CONTRACT,
        "test_a.py": (
            "from shop import contract as c\n\nclass TestA(c.Contract):\n    make = list\n"
        ),
    },
    "a base class that a package exports": {
        "shop/__init__.py": "from .contract import Contract\n",
        "shop/contract.py": CONTRACT,
        "test_a.py": HEIR.replace("contract import", "shop import"),
    },
    "a base class of a base class": {
        "contract.py": CONTRACT,
        "middle.py": "from contract import Contract\n\nclass Middle(Contract):\n    make = list\n",
        "tests/test_a.py": "from middle import Middle\n\nclass TestA(Middle):\n    x = 1\n",
        "tests/middle_spec.py": HEIR,
    },
    "a base class with an heir in its file": {
        "contract.py": f"{CONTRACT}\nclass Lists(Contract):\n    make = list\n",
        "test_a.py": "from contract import Lists\n\nclass TestA(Lists):\n    x = 1\n",
    },
    "a class of tests": {
        "checks.py": CONTRACT.replace("Contract", "TestContract"),
        "test_a.py": "from checks import TestContract\n",
    },
    "tests": {
        "checks.py": "def test_it(make):\n    assert make() == 20\n",
        "test_a.py": "from checks import *\n",
    },
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_extraction_follows_the_imports_of_test_files(tmp_path: Path, case: str) -> None:
    make_files(tmp_path, {"pyproject.toml": "", **FOLLOWED[case]})
    titles = [
        (pattern.name.rpartition(".")[2], pattern.framework)
        for path in find_test_files([tmp_path])
        for pattern in extract_file(path).patterns
    ]
    assert titles == [("test_it", "pytest")]


def test_extraction_knows_the_framework_of_a_mixin_by_its_heir(tmp_path: Path) -> None:
    heir = HEIR.replace("(Contract)", "(Contract, unittest.TestCase)")
    make_files(tmp_path, {"contract.py": CONTRACT, "test_a.py": heir})
    (pattern,) = extract_file(tmp_path / "contract.py").patterns
    assert pattern.framework == "unittest"


NO_HEIRS = {
    "a class that nobody inherits": {"test_a.py": CONTRACT},
    "a class of another name": {"test_a.py": CONTRACT, "test_b.py": HEIR.replace("Contract", "C")},
    "a class of another module": {"test_a.py": CONTRACT, "test_b.py": HEIR},
    "a class with a constructor": {
        "contract.py": f"{CONTRACT}\n    def __init__(self, x):\n        pass\n",
        "test_b.py": HEIR,
    },
    "a class in installed code": {
        "contract.py": "",
        "node_modules/a/contract.py": CONTRACT,
        "node_modules/a/test_b.py": HEIR,
    },
}


@pytest.mark.parametrize("case", NO_HEIRS)
def test_extraction_takes_no_class_without_heirs(tmp_path: Path, case: str) -> None:
    make_files(tmp_path, NO_HEIRS[case])
    patterns = [
        found for path in find_test_files([tmp_path]) for found in extract_file(path).patterns
    ]
    assert patterns == []


def test_extraction_follows_imports_no_further_than_the_folder(tmp_path: Path) -> None:
    make_files(tmp_path, {"contract.py": CONTRACT, "a/.x/b.py": CONTRACT, "a/test_a.py": HEIR})
    assert found_files(tmp_path, tmp_path / "a") == ["a/test_a.py"]


def test_extraction_follows_imports_that_go_round(tmp_path: Path) -> None:
    make_files(
        tmp_path,
        {
            "test_a.py": "from b import *\nfrom b import TestB\nfrom missing import TestC\n",
            "b.py": "from test_a import TestB\nfrom b import TestB\ndef test_b():\n    run(1)\n",
            "big_test.py": f"from c import TestC\n{'#' * 2**20}\n",
        },
    )
    assert found_files(tmp_path, tmp_path) == ["b.py", "big_test.py", "test_a.py"]
