"""Holds the table of evidence for the category of a test.

A category applies if the weights of its rules that fit add up to 1; each rule counts once. Of the
categories that apply, the first of e2e, performance, security and integration is taken; if none
applies, the test is a unit test. docs/glossary.md defines the categories; a change of this table
is measured with ``python -m aqe.bench.studies.extraction.category_accuracy``
(bench/results/categories.md).

What the kinds of evidence are matched with:

* ``call``: a function called by the test, its setup or the code that it reaches, dotted, as
  ``self.client.get``.
* ``own call``: the same, but called by the test or its setup itself.
* ``base``: a base class of the test's class, dotted, with the module that it is imported from.
* ``fixture``: a fixture that the test requests, or that such a fixture requests.
* ``foreign fixture``: a fixture defined neither in the file nor in a ``conftest.py``.
* ``mark``: a pytest mark on the test, its class or its module.
* ``module``: a module from which the test uses a name.
* ``import``: a module that the file imports.
* ``title``: words of the test's name and of the names of its classes or blocks, in lower case.
* ``topic``: words of the file's name, or the first sentence of the docstring, in lower case.
* ``folder``: a folder in the file's path, in lower case.
* ``file``: the file's name.
* ``name``: an identifier that the test uses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from ....schema.records.patterns import Category

__all__ = ["DECISIVE_WEIGHT", "PRECEDENCE", "RULES", "EvidenceKind", "Rule", "fitting_rules"]

EvidenceKind = Literal[
    "call",
    "own call",
    "base",
    "fixture",
    "foreign fixture",
    "mark",
    "module",
    "import",
    "title",
    "topic",
    "folder",
    "file",
    "name",
]

PRECEDENCE: Final[tuple[Category, ...]] = ("e2e", "performance", "security", "integration")
DECISIVE_WEIGHT: Final = 1.0
# Longer texts are cut: no rule needs more, and the time of a search stays bounded.
_MAX_TEXT_CHARS = 400


@dataclass(frozen=True, slots=True)
class Rule:
    """Evidence for a category, or with a negative weight against it.

    Attributes:
        pattern: Searched in the evidence.
    """

    category: Category
    kind: EvidenceKind
    weight: float
    pattern: re.Pattern[str]


def _rules(category: Category, *rows: tuple[EvidenceKind, float, str]) -> list[Rule]:
    return [Rule(category, kind, weight, re.compile(pattern)) for kind, weight, pattern in rows]


RULES: Final[tuple[Rule, ...]] = (
    *_rules(
        "e2e",
        ("folder", 1, r"^(?:e2e|end[-_]?to[-_]?end|ui[-_]tests?|cypress|playwright)$"),
        ("file", 1, r"(?:^|[.\-_])e2e(?:[.\-_]|$)|\.cy\.[jt]sx?$"),
        ("mark", 1, r"^(?:e2e|end_to_end|selenium|playwright|browser|ui)$"),
        ("base", 1, r"(?:Selenium|Playwright|WebDriver|Browser|E2E)\w*Test\w*$"),
        ("base", 0.5, r"LiveServer\w*$"),
        ("fixture", 0.5, r"^(?:live_server|selenium|driver|browser|page|browser_context)$"),
        (
            "import",
            0.5,
            r"^(?:playwright|selenium|splinter|puppeteer|webdriverio|testcafe|nightwatch"
            r"|@playwright|@wdio|appium|detox)\b",
        ),
        (
            "call",
            0.5,
            r"^(?:self\.)?(?:page|browser|driver|webdriver|selenium|cy|puppeteer)\."
            r"|sync_playwright",
        ),
    ),
    *_rules(
        "performance",
        ("fixture", 1, r"^(?:benchmark|benchmark_weave)$"),
        ("mark", 1, r"^(?:benchmark|performance|perf|codspeed)$"),
        ("own call", 1, r"^(?:timeit|tracemalloc|memory_profiler|memray)\.|^timeit$"),
        ("own call", 1, r"(?:^|\.)(?:perf_counter(?:_ns)?|performance\.now|hrtime(?:\.bigint)?)$"),
        ("own call", 0.5, r"(?:^|\.)(?:memoryUsage|getrusage|memory_info)$"),
        ("own call", -1, r"(?i:fake_?timers)|freeze_time|setSystemTime"),
        ("title", 1, r"\b(?:benchmarks?|throughput|scalability)\b"),
        ("title", 0.6, r"\b(?:performance|execution time|slow|fast|memory leaks?|leaks? memory)\b"),
        ("title", 0.5, r"\b(?:latency|speed|faster|quickly)\b"),
        ("folder", 0.6, r"^(?:benchmarks?|perf|performance|bench|load[-_]?tests?)$"),
        ("topic", 0.5, r"\b(?:benchmarks?|performance|throughput)\b"),
    ),
    *_rules(
        "security",
        ("mark", 1, r"^security$"),
        ("folder", 0.6, r"^(?:auth\w*|security|csrf|cors|jwt|oauth2?|oidc|saml|mfa|permissions?)$"),
        (
            "title",
            1,
            r"\b(?:csrf|xsrf|xss|ssrf|cors|csp|hsts|jwt|jwks?|oauth2?|oidc|saml|totp|mfa|2fa|acls?"
            r"|rbac|auth|saniti[sz]\w+|unauthori[sz]ed|unauthenticated"
            r"|authenticat(?:e|es|ed|ing|ion|or|ors)|authori[sz](?:e|es|ed|ing|ation|er)"
            r"|vulnerab\w+|cve|malicious|redos|tamper\w+|security|encrypt\w*|decrypt\w*|cipher\w*"
            r"|hmac|permissions?|privileges?|clickjacking|impersonat\w+|credentials?|bearer)\b",
        ),
        (
            "title",
            1,
            r"\b(?:(?:sql|code|command|header|html|script|crlf|log|shell|template) injections?"
            r"|injection attacks?|(?:path|directory|dir) traversal"
            r"|prototype (?:pollution|poisoning)"
            r"|hash(?:es|ed|ing)? (?:the |a )?passwords?|password hash\w*|open redirects?"
            r"|login required|brute force|access control|cross origin|secure headers?|samesite"
            r"|(?:same ?site|http ?only|signed) cookies?|signed (?:urls?|data)|sign ?in|signs in"
            r"|login attempts?)\b",
        ),
        (
            "title",
            1,
            r"\b(?:access|refresh|bearer|api|auth|csrf|session|id|expired|revoked|signed|web"
            r"|security|reset|secret|forged|stolen|verify|verifies) tokens?\b"
            r"|\btokens? (?:is |has |are |was |have )?(?:expire[sd]?|revo\w+|auth\w*|rotation"
            r"|verif\w+|leak\w*|never logged)\b",
        ),
        (
            "title",
            0.6,
            r"\b(?:login|logout|secrets?|forbidden|signatures?)\b",
        ),
        ("title", 0.6, r"\b(?:passwords?|passphrases?)\b"),
        ("title", 0.5, r"\b(?:log ?in|logged in)\b"),
        ("title", 0.5, r"\b(?:tokens?|traversal|injections?|inject(?:s|ed)|unsafe|nonce|signs?)\b"),
        (
            "title",
            0.4,
            r"\b(?:wrong|expired|incorrect|denie[sd]|den(?:y|ies)|reject(?:s|ed)?|verif\w+|prevents?"
            r"|blocks?|escap(?:e|es|ed|ing)|attacks?|401|403|hash(?:es|ed)?"
            r"|restrict\w*|anonymous|rate limit\w*|limited)\b",
        ),
        (
            "title",
            -0.6,
            r"\b(?:dependency injection|injection token|signatures? of|tokeni[sz]\w*"
            r"|(?:method|call|function|type|init) signatures?|cancellation|next token"
            r"|file permissions?)\b",
        ),
        (
            "topic",
            0.6,
            r"\b(?:auth|csrf|xsrf|xss|cors|jwt\w*|jwks?|oauth2?|oidc|saml|totp|mfa|login|permissions?"
            r"|authenticat\w+|authori[sz]ation|security|privileges?|tokens?|passwords?"
            r"|secure headers|encryption|crypto|sanitiz\w+)\b",
        ),
        (
            "own call",
            0.5,
            r"(?i:jwt|hmac|csrf|oauth|bearer|encrypt|decrypt|sanitiz"
            r"|authenticat|authoriz)|(?:^|_|(?<![Pp]age)\.)(?:login|logout|force_login|auth)$"
            r"|(?i:(?:verify|sign|check|issue|revoke|validate)_?(?:\w+_)?(?:token|signature|jwt|session))",
        ),
        ("name", 0.5, r"^(?:createHmac|HMAC|hmac|jsonwebtoken|bcrypt|argon2|crypto|jwt|scrypt)$"),
        (
            "name",
            -0.5,
            r"(?:[Tt]okeni[sz]er?|[Ll]exer|[Pp]arser|CancellationToken|InjectionToken)$",
        ),
    ),
    *_rules(
        "integration",
        # Where it is and what its authors call it.
        ("folder", 1, r"^(?:integration(?:[-_]?tests?)?|integration\d|system[-_]?tests?)$"),
        ("folder", 0.5, r"^(?:functional|acceptance)$"),
        ("folder", -0.5, r"^units?(?:[-_]?tests?)?$"),
        ("file", 1, r"integration|\.int[-.](?:spec|test)|\.it\.[jt]s$"),
        ("mark", 1, r"^(?:integration|network|django_db|db|database|docker|functional)$"),
        ("title", 0.5, r"\b(?:integration|integrates)\b"),
        # Processes.
        (
            "call",
            1.5,
            r"(?:^|\.)(?:subprocess\.\w+|child_process\.\w+|execa|execaNode|execSync"
            r"|execFile(?:Sync)?|spawn(?:Sync)?|Popen|check_output|check_call|run_subprocess"
            r"|run_script|create_subprocess_(?:exec|shell)|os\.system|pexpect\.\w+|call_subprocess"
            r"|multiprocessing\.(?:Process|Pool)|ProcessPoolExecutor)$|^(?:exec|fork)$",
        ),
        ("fixture", 1.5, r"^(?:pytester|testdir|script_runner|script|virtualenv|venv)$"),
        ("call", 1.5, r"(?:^|\.)(?:runpytest\w*|inline_run\w*|execute_from_command_line)$"),
        # The whole command line, in the process of the test.
        ("call", 1, r"(?:^|\.)(?:CliRunner|runner\.invoke|test_cli_runner|call_command)$"),
        # Files. To read one is often only how a test gets its data.
        (
            "call",
            1,
            r"^(?:tempfile\.\w+|shutil\.\w+|mkdtemp\w*|mkstemp|NamedTemporaryFile|TemporaryFile"
            r"|TemporaryDirectory|temppath|tempdir|tarfile\.open"
            r"|os\.(?:mkdir|makedirs|remove|unlink|rmdir|rename|replace|listdir|scandir|chmod|symlink))$",
        ),
        (
            "call",
            1,
            r"(?:^|(?<![mM]ock)\.)(?:writeFile(?:Sync)?|mkdir(?:p|Sync)?|mkdtemp(?:Sync)?|rmSync|unlink(?:Sync)?"
            r"|outputFile(?:Sync)?|appendFile(?:Sync)?|write_text|write_bytes|rmtree|copytree|mktemp"
            r"|symlink_to|createReadStream|createWriteStream|rimraf)$",
        ),
        ("own call", 0.5, r"^open$|(?:^|\.)(?:read_text|read_bytes|readFile(?:Sync)?|existsSync)$"),
        ("own call", 0.5, r"^(?:fs|fsp|fsPromises)\."),
        ("fixture", 1, r"^(?:tmp_?path(?:_factory)?|tmp_?dir(?:_factory)?|temp_?dir\w*|capfd)$"),
        # Network and servers.
        (
            "call",
            1.5,
            r"^(?:requests\.(?:get|post|put|patch|delete|head|request|Session|session)"
            r"|httpx\.(?:get|post|put|patch|delete|head|options|request|stream)|urllib\.request\.\w+"
            r"|aiohttp\.request|superagent\.\w+|undici\.\w+"
            r"|socket\.(?:socket|socketpair|create_connection|create_server)|axios(?:\.\w+)?|fetch"
            r"|https?\.(?:get|request|createServer)|net\.(?:connect|createServer|createConnection)"
            r"|tls\.(?:connect|createServer)|got(?:\.\w+)?|nock|request"
            r"|asyncio\.(?:open_connection|start_server))$",
        ),
        (
            "call",
            1.5,
            r"(?:^|\.)(?:urlopen|create_server|createServer|start_server|serve_forever|setupServer"
            r"|setupWorker|\w*MockServer\w*|LiveServer|\w*TestServer|HTTPServer|build_server"
            r"|create_connection|(?i:\w*(?:server|app|fastify))\.listen)$",
        ),
        (
            "fixture",
            1.5,
            r"^(?:\w*mock_?server\w*|live_server|\w*http_?server\w*|httpbin\w*|test_server|server"
            r"|aiohttp_(?:client|server|raw_server)|aiohttp_unused_port)$",
        ),
        (
            "module",
            1.5,
            r"^(?:testcontainers|@testcontainers/|supertest|pactum|docker|dockerode)\b",
        ),
        # The application through its test client, in the process of the test.
        (
            "call",
            1,
            r"(?:^|\.)(?:test_client|test_cli_runner|TestClient|AsyncClient|APIClient|RequestsClient"
            r"|TestApp|chai\.request|aiohttp_client|supertest"
            r"|(?:app|fastify|server|instance|application)\.inject)$",
        ),
        (
            "call",
            1,
            r"(?:^|\.)(?:\w*client|testapp|webtest)\.(?:get|post|put|patch|delete|head|options|open)$",
        ),
        ("call", -2, r"(?:^|\.)MockTransport$"),
        # A test of types alone runs nothing, whatever is set up around it.
        ("name", -3, r"^(?:expectTypeOf|assertType|Expect|expectType)$"),
        ("call", 0.6, r"(?:^|\.)ClientSession$"),
        ("call", 0.5, r"(?:^|\.)session\.(?:get|post|put|patch|delete|request|ws_connect)$"),
        (
            "foreign fixture",
            1,
            r"(?:^|_)(?:client|session|connection|engine|server|runner|testapp|project)(?:_|$)|^django_app",
        ),
        # Databases.
        (
            "call",
            1.5,
            r"(?:^|\.)(?:create_(?:async_)?engine|sessionmaker|sqlite3\.connect|sqlite3\.Database"
            r"|psycopg\w*\.connect|asyncpg\.\w+|\w*MongoClient|mongoose\.connect|MongoMemoryServer\.\w+"
            r"|redis\.\w+|createConnections?|MigrationExecutor|assertNumQueries)$",
        ),
        (
            "call",
            1.5,
            r"(?i:(?:^|\.)(?:create|open|close|set_?up|start|stop|reload|reset|connect|disconnect|destroy"
            r"|init|seed|migrate|truncate|clear|drop|get|use|with)\w*"
            r"(?:databases?|testing_?connections?|data_?sources?|_db|fordb|testdb|postgres|mysql|mongo"
            r"|test_?servers?)$)",
        ),
        ("call", 1.5, r"(?:^|\.)objects\.\w|(?:^|_)default_manager\."),
        (
            "call",
            1,
            r"(?:^|\.)(?:db\.session|session)\.(?:query|execute|commit|add|flush|scalars?)$",
        ),
        ("call", 1, r"(?:^|\.)(?:cursor\.execute|connection\.cursor|db\.execute|refresh_from_db)$"),
        ("call", 1, r"(?:^|\.)(?:baker\.make|mixer\.blend|G|knex\.raw|knex\.migrate\.\w+)$"),
        (
            "call",
            0.6,
            r"(?:^|\.)(?:DataSource|\w*[rR]epository|queryRunner\.\w+|\w+Factory(?:\.create)?)$",
        ),
        (
            "call",
            0.5,
            r"\.(?:save|delete|create|add_child|save_revision|publish|initialize|synchronize)$",
        ),
        (
            "fixture",
            1.5,
            r"^(?:\w+_)?(?:db|database|postgres\w*|mysql\w*|mongo\w*|redis|docker\w*)(?:_\w+)?$",
        ),
        ("fixture", 1, r"^(?:django_user_model|admin_user|admin_client)$"),
        (
            "base",
            1.5,
            r"TransactionTestCase$|LiveServerTestCase$|(?:^|\.)(?:Transaction)?WebTest$|WebTestCase$"
            r"|AioHTTPTestCase$|AsyncHTTPTestCase$|(?:Database|DB|Integration)\w*Test\w*$",
        ),
        ("base", 0.5, r"^django\.test\.(?:testcases\.)?TestCase$|APITestCase$"),
    ),
)


def _by_kind() -> dict[EvidenceKind, tuple[tuple[int, Rule], ...]]:
    kinds = {rule.kind for rule in RULES}
    numbered = list(enumerate(RULES))
    return {kind: tuple(pair for pair in numbered if pair[1].kind == kind) for kind in kinds}


_RULES_BY_KIND: Final = _by_kind()


@lru_cache(maxsize=50_000)
def fitting_rules(kind: EvidenceKind, text: str) -> frozenset[int]:
    """Returns the positions in ``RULES`` of the rules that fit a piece of evidence."""
    shown = text if len(text) <= _MAX_TEXT_CHARS else f"{text[:200]} {text[-200:]}"
    rules = _RULES_BY_KIND[kind]
    return frozenset(number for number, rule in rules if rule.pattern.search(shown))
