"""Categories by what a test does: its calls, fixtures, bases, imports, names and place."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from aqe.retrieval.extraction import extract_file
from aqe.schema import TestPattern


def _project(folder: Path, files: dict[str, str]) -> None:
    for path, code in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(dedent(code), encoding="utf-8")


def _last(folder: Path, path: str, code: str, **others: str) -> TestPattern:
    """Returns the last pattern of a file, in a project with other files."""
    _project(folder, {"pyproject.toml": "", path: code})
    return extract_file(folder / path).patterns[-1]


def _category(folder: Path, path: str, code: str) -> str:
    return _last(folder, path, code).category


PYTHON = {
    "a client of the application": (
        "def test_index():\n    client = app.test_client()\n    assert client.get('/').status\n",
        "integration",
    ),
    "a client of the class": (
        "from django.test import TestCase\n\nclass PageTest(TestCase):\n"
        "    def test_get(self):\n        self.assertTrue(self.client.get('/'))\n",
        "integration",
    ),
    "rows of a model": (
        "class TestPages(TestCase):\n    def setUp(self):\n        Page.objects.create()\n"
        "    def test_title(self):\n        self.assertTrue(self.page.title)\n",
        "integration",
    ),
    "a Django test case without a database": (
        "from django.test import TestCase\n\nclass SlugTest(TestCase):\n"
        "    def test_slug(self):\n        self.assertEqual(slugify('A'), 'a')\n",
        "unit",
    ),
    "a test case with transactions": (
        "from django.test import TransactionTestCase\n\nclass SlugTest(TransactionTestCase):\n"
        "    def test_slug(self):\n        self.assertEqual(total(), 1)\n",
        "integration",
    ),
    "a mark on the module": (
        "import pytest\npytestmark = [pytest.mark.django_db]\n\ndef test_x():\n    assert f()\n",
        "integration",
    ),
    "a pytester": (
        "def test_x(pytester):\n    assert pytester.runpytest().ret == 0\n",
        "integration",
    ),
    "a server of the project's plugin": (
        "def test_crawl(mockserver):\n    assert crawl(mockserver.url('/'))\n",
        "integration",
    ),
    "a fixture named by a mark": (
        "import pytest\n\n@pytest.mark.usefixtures('tmp_path')\nclass TestFiles:\n"
        "    def test_x(self):\n        assert f()\n",
        "integration",
    ),
    "a command line": (
        "def test_x():\n    result = CliRunner().invoke(main)\n    assert result.exit_code == 0\n",
        "integration",
    ),
    "a fixture called session in memory": (
        "import pytest\n\n@pytest.fixture\ndef session():\n    return dict(a=1)\n\n"
        "def test_x(session):\n    assert session['a']\n",
        "unit",
    ),
    "a fixture that opens a database": (
        "import pytest\n\n@pytest.fixture\ndef store(engine_url):\n    return Store(engine_url)\n\n"
        "@pytest.fixture\ndef engine_url():\n    return create_engine('sqlite://').url\n\n"
        "def test_x(store):\n    assert store\n",
        "integration",
    ),
    "a helper that starts a process": (
        "import subprocess\n\ndef run(*args):\n    return subprocess.run(args)\n\n"
        "def test_x():\n    assert run('ls')\n",
        "integration",
    ),
    "a helper method": (
        "import subprocess\n\nclass TestRun:\n    def run(self):\n"
        "        return subprocess.run(['ls'])\n    def test_x(self):\n        assert self.run()\n",
        "integration",
    ),
    "a client of a module": (
        "from fastapi.testclient import TestClient\n\nclient = TestClient(app)\n\n"
        "def test_x():\n    assert client.get('/')\n",
        "integration",
    ),
    "a transport in memory": (
        "import httpx\n\ndef test_x():\n    client = httpx.Client(transport=MockTransport(f))\n"
        "    assert client.get('/')\n",
        "unit",
    ),
    "a value class of a network library": (
        "import httpx\n\ndef test_x():\n    assert httpx.URL('http://a').host == 'a'\n",
        "unit",
    ),
    "a live server and a browser": (
        "from selenium import webdriver\nfrom django.test import LiveServerTestCase\n\n"
        "class TestShop(LiveServerTestCase):\n    def test_x(self):\n"
        "        driver = webdriver.Firefox()\n        driver.get(self.live_server_url)\n",
        "e2e",
    ),
    "a clock": (
        "import time\n\ndef test_x():\n    start = time.perf_counter()\n    f()\n",
        "performance",
    ),
    "memory": ("import tracemalloc\n\ndef test_x():\n    tracemalloc.start()\n", "performance"),
}


@pytest.mark.parametrize(("code", "category"), PYTHON.values(), ids=PYTHON.keys())
def test_extract_file_gives_a_python_test_its_category(
    tmp_path: Path, code: str, category: str
) -> None:
    assert _category(tmp_path, "tests/test_sample.py", code) == category


JAVASCRIPT = {
    "connections to databases": (
        "describe('cascades', () => { let sources;\n"
        "  before(async () => { sources = await createTestingConnections({ entities }); });\n"
        "  it('saves', () => sources.map((s) => s.manager.save(post))); });",
        "integration",
    ),
    "supertest": (
        "import request from 'supertest';\nit('answers', () => request(app).get('/').expect(200));",
        "integration",
    ),
    "an injected request": (
        "it('answers', async () => { await app.inject('/'); });",
        "integration",
    ),
    "an injected service": ("it('is there', () => { TestBed.inject(Service); });", "unit"),
    "a mock server of the network": (
        "const server = setupServer();\nbeforeAll(() => server.listen());\n"
        "it('loads', async () => { expect(await load()).toBe(1); });",
        "integration",
    ),
    "a helper in a block": (
        "describe('redirect', () => { function check(app) { return request(app).get('/'); }\n"
        "  it('encodes', () => check(app)); });",
        "integration",
    ),
    "a handler called in memory": (
        "it('answers', async () => { const res = await app.request('/'); expect(res).toBe(1); });",
        "unit",
    ),
    "types alone": (
        "beforeAll(() => server.listen());\n"
        "it('infers', () => { expectTypeOf(client.get).toBeFunction(); });",
        "unit",
    ),
    "a file system in memory": ("it('x', () => { fsMock.writeFile('a'); });", "unit"),
    "a clock that is fake": (
        "it('x', () => { vi.useFakeTimers(); expect(performance.now()).toBe(0); });",
        "unit",
    ),
    "a child process": ("it('x', async () => { await execa('node', ['a']); });", "integration"),
}


@pytest.mark.parametrize(("code", "category"), JAVASCRIPT.values(), ids=JAVASCRIPT.keys())
def test_extract_file_gives_a_javascript_test_its_category(
    tmp_path: Path, code: str, category: str
) -> None:
    assert _category(tmp_path, "test/sample.test.ts", code) == category


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("rejects an expired token", "security"),
        ("requires auth", "security"),
        ("authorizes the owner", "security"),
        ("adds CSRF headers", "security"),
        ("answers a CORS preflight", "security"),
        ("verifies the signature", "security"),
        ("encrypts the payload", "security"),
        ("checks the permission of the user", "security"),
        ("escapes XSS", "security"),
        ("hashes the password", "security"),
        ("logs in", "unit"),
        ("tokenizes numbers", "unit"),
        ("returns the next token", "unit"),
        ("cancels by CancellationToken", "unit"),
        ("names the author", "unit"),
        ("shows the method signature", "unit"),
        ("uses the injection token", "unit"),
        ("parses a url with password", "unit"),
        ("measures the throughput", "performance"),
        ("shows the latency", "unit"),
    ],
)
def test_extract_file_reads_security_from_what_is_tested(
    tmp_path: Path, title: str, category: str
) -> None:
    code = f"it('{title}', () => {{ expect(check(value)).toBe(1); }});"
    assert _category(tmp_path, "test/sample.test.ts", code) == category


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("test/unit/cart.test.ts", "unit"),
        ("test/integration/cart.test.ts", "integration"),
        ("e2e/cart.test.ts", "e2e"),
        ("src/cart.e2e-spec.ts", "e2e"),
        ("benchmarks/performance.test.ts", "performance"),
        ("src/auth/jwt.test.ts", "security"),
    ],
)
def test_extract_file_reads_the_category_from_the_path(
    tmp_path: Path, path: str, category: str
) -> None:
    code = "it('adds', () => { expect(add(1)).toBe(2); });"
    assert _category(tmp_path, path, code) == category


def test_extract_file_follows_fixtures_of_conftest_files(tmp_path: Path) -> None:
    _project(
        tmp_path,
        {
            "tests/conftest.py": """
                import pytest
                from tests.servers import start

                @pytest.fixture
                def shop(site):
                    return site.shop

                @pytest.fixture
                def site():
                    return start()

                @pytest.fixture
                def server():
                    return object()
                """,
            "tests/servers.py": "import socket\n\ndef start():\n    return socket.socket()\n",
            "tests/shop/conftest.py": "",
        },
    )
    code = "def test_x(shop):\n    assert shop\n"
    assert _category(tmp_path, "tests/shop/test_a.py", code) == "integration"


def test_extract_file_follows_base_classes_in_other_files(tmp_path: Path) -> None:
    _project(
        tmp_path,
        {
            "tests/utils/__init__.py": "from .bases import *\nfrom os import *\n",
            "tests/utils/bases.py": """
                from django.test import TestCase

                class Base(TestCase):
                    def setUp(self):
                        self.page = self.make()

                    def make(self):
                        return Page.objects.create()
                """,
        },
    )
    code = (
        "from tests import utils\nfrom tests.utils import Base\n\nclass TestPage(Base):\n"
        "    def test_x(self):\n        self.assertTrue(self.page)\n\n"
        "class TestOther(utils.Base):\n    def test_y(self):\n        self.assertTrue(self.page)\n"
    )
    _project(tmp_path, {"pyproject.toml": "", "tests/test_a.py": code})
    patterns = extract_file(tmp_path / "tests/test_a.py").patterns
    assert [pattern.category for pattern in patterns] == ["integration", "integration"]


def test_extract_file_follows_helpers_of_javascript_tests(tmp_path: Path) -> None:
    _project(
        tmp_path,
        {
            "test/index.ts": "export * from './support';\nexport { other } from './missing';\n",
            "test/support.ts": "export const boot = async () => { return createServer(); };\n",
            "src/product.ts": "export const load = () => { return createServer(); };\n",
        },
    )
    code = "import { boot } from './index';\nit('x', async () => { await boot(); });"
    assert _category(tmp_path, "test/a.test.ts", code) == "integration"
    # The code under test is not followed.
    code = "import { load } from '../src/product';\nit('x', async () => { await load(); });"
    assert _category(tmp_path, "test/b.test.ts", code) == "unit"


def test_extract_file_leaves_helpers_out_that_it_cannot_read(tmp_path: Path) -> None:
    _project(tmp_path, {"tests/large.py": "def start():\n    Popen()\n" + "#" * 140_000})
    code = "from .large import start\n\ndef test_x():\n    start()\n"
    assert _category(tmp_path, "tests/test_a.py", code) == "unit"


def test_extract_file_reads_recursive_helpers_once(tmp_path: Path) -> None:
    code = (
        "def a():\n    return b()\n\ndef b():\n    return a()\n\n"
        "class Base:\n    def help(self):\n        return self.help()\n\n"
        "class TestX(Base):\n    def test_x(self):\n"
        "        assert self.help() or self.none() or a()\n"
    )
    assert _category(tmp_path, "tests/test_a.py", code) == "unit"
