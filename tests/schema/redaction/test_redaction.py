"""Every kind of secret is found in every context, and nothing in clean code, in linear time."""

from __future__ import annotations

import base64
import importlib.util
import random
import string
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.schema.redaction.redaction import SECRET_KINDS, find_secrets, holds_secrets, redact

SEED = 20260815

LOWER_HEX = "0123456789abcdef"
BASE62 = string.ascii_letters + string.digits
BASE64 = BASE62 + "+/"
UPPER36 = string.ascii_uppercase + string.digits


def _draw(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def _mixed(rng: random.Random, length: int) -> str:
    """Returns base 62 text that mixes both cases and digits, as issuers ensure."""
    return "".join(
        rng.choice((string.ascii_lowercase, string.ascii_uppercase, string.digits)[index % 3])
        for index in range(length)
    )


def _base64url(rng: random.Random, text: str) -> str:
    return base64.urlsafe_b64encode((text + _draw(rng, BASE62, 20)).encode()).decode().rstrip("=")


# Tokens are put together at run time, so that none is in this file.
GENERATORS: dict[str, Callable[[random.Random], str]] = {
    "aws-access-key-id": lambda r: "AK" + "IA" + _draw(r, UPPER36, 16),
    "google-api-key": lambda r: "AI" + "za" + _draw(r, BASE62, 35),
    "google-oauth-secret": lambda r: "GOC" + "SPX-" + _draw(r, BASE62, 28),
    "google-oauth-token": lambda r: "ya" + "29." + _draw(r, BASE62, 60),
    "azure-storage-key": lambda r: "Account" + "Key=" + _draw(r, BASE64, 86) + "==",
    "digitalocean-token": lambda r: "dop" + "_v1_" + _draw(r, LOWER_HEX, 64),
    "databricks-token": lambda r: "da" + "pi" + _draw(r, LOWER_HEX, 32),
    "vault-token": lambda r: "hv" + "s." + _draw(r, BASE62, 90),
    "doppler-token": lambda r: "dp." + "pt." + _draw(r, BASE62, 43),
    "planetscale-token": lambda r: "pscale" + "_tkn_" + _draw(r, BASE62, 43),
    "supabase-token": lambda r: "sb" + "p_" + _draw(r, LOWER_HEX, 40),
    "github-token": lambda r: (
        r.choice(["gh" + "p_", "gh" + "o_", "gh" + "s_"]) + _draw(r, BASE62, 36)
    ),
    "github-fine-grained-token": lambda r: (
        "github" + "_pat_" + _draw(r, BASE62, 22) + "_" + _draw(r, BASE62, 59)
    ),
    "gitlab-token": lambda r: "gl" + "pat-" + _draw(r, BASE62, 20),
    "npm-token": lambda r: "np" + "m_" + _draw(r, BASE62, 36),
    "pypi-token": lambda r: "py" + "pi-AgEIcHlwaS5vcmc" + _draw(r, BASE62, 120),
    "rubygems-token": lambda r: "ruby" + "gems_" + _draw(r, LOWER_HEX, 48),
    "docker-token": lambda r: "dckr" + "_pat_" + _draw(r, BASE62, 27),
    "anthropic-key": lambda r: "sk-" + "ant-api03-" + _draw(r, BASE62 + "-_", 92) + "AA",
    "openai-key": lambda r: "sk-" + r.choice(["proj-", ""]) + _draw(r, BASE62, 48),
    "huggingface-token": lambda r: "h" + "f_" + _draw(r, string.ascii_letters, 34),
    "groq-key": lambda r: "gs" + "k_" + _draw(r, BASE62, 52),
    "replicate-token": lambda r: "r" + "8_" + _draw(r, BASE62, 37),
    "slack-token": lambda r: (
        "xo"
        + "xb-"
        + _draw(r, string.digits, 12)
        + "-"
        + _draw(r, string.digits, 12)
        + "-"
        + _draw(r, BASE62, 24)
    ),
    "slack-webhook": lambda r: (
        "https://hooks."
        + "slack.com/services/T"
        + _draw(r, UPPER36, 10)
        + "/B"
        + _draw(r, UPPER36, 10)
        + "/"
        + _draw(r, BASE62, 24)
    ),
    "discord-token": lambda r: (
        "M" + _draw(r, BASE62, 25) + "." + _draw(r, BASE62, 6) + "." + _draw(r, BASE62, 38)
    ),
    "discord-webhook": lambda r: (
        "https://discord.com/api"
        + "/webhooks/"
        + _draw(r, "123456789", 18)
        + "/"
        + _draw(r, BASE62, 68)
    ),
    "telegram-token": lambda r: _draw(r, "123456789", 10) + ":A" + "A" + _draw(r, BASE62, 33),
    "twilio-key": lambda r: r.choice(["S" + "K", "A" + "C"]) + _draw(r, LOWER_HEX, 32),
    "sendgrid-key": lambda r: "S" + "G." + _draw(r, BASE62, 22) + "." + _draw(r, BASE62, 43),
    "mailgun-key": lambda r: "ke" + "y-" + _draw(r, LOWER_HEX, 32),
    "mailchimp-key": lambda r: _draw(r, LOWER_HEX, 32) + "-u" + "s12",
    "stripe-key": lambda r: r.choice(["sk", "rk"]) + "_li" + "ve_" + _draw(r, BASE62, 24),
    "stripe-webhook-secret": lambda r: "whs" + "ec_" + _draw(r, BASE62, 32),
    "shopify-token": lambda r: "shp" + "at_" + _draw(r, LOWER_HEX, 32),
    "square-token": lambda r: "sq0" + "atp-" + _draw(r, BASE62, 22),
    "linear-key": lambda r: "lin" + "_api_" + _draw(r, BASE62, 40),
    "notion-token": lambda r: "nt" + "n_" + _draw(r, BASE62, 46),
    "figma-token": lambda r: "fig" + "d_" + _draw(r, BASE62, 40),
    "postman-key": lambda r: "PM" + "AK-" + _draw(r, LOWER_HEX, 24) + "-" + _draw(r, LOWER_HEX, 34),
    "airtable-token": lambda r: "pa" + "t" + _draw(r, BASE62, 14) + "." + _draw(r, LOWER_HEX, 64),
    "atlassian-token": lambda r: "AT" + "ATT3" + _draw(r, BASE62, 180),
    "grafana-token": lambda r: "gl" + "sa_" + _draw(r, BASE62, 32) + "_" + _draw(r, LOWER_HEX, 8),
    "new-relic-key": lambda r: "NR" + "AK-" + _draw(r, UPPER36, 27),
    "sentry-token": lambda r: "sntr" + "ys_" + _draw(r, BASE62, 80),
    "age-key": lambda r: "AGE-SECRET" + "-KEY-1" + _draw(r, UPPER36, 58),
    "jwt": lambda r: ".".join(
        (_base64url(r, '{"alg":"HS256"}'), _base64url(r, '{"sub":"1"}'), _draw(r, BASE62, 43))
    ),
    "private-key": lambda r: (
        "-----BEGIN RSA PRIVATE"
        + " KEY-----\\n"
        + "\\n".join(_draw(r, BASE64, 64) for _ in range(12))
        + "\\n-----END RSA PRIVATE"
        + " KEY-----"
    ),
    "url-credentials": lambda r: "postgres://admin" + ":" + _mixed(r, 16) + "@db.internal:5432/app",
}
# Kinds that are recognised by the text around them have a context of their own.
NAMED_GENERATORS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "aws-secret-key": lambda r: ("aws_secret_access_key", _mixed(r, 40)),
    "password": lambda r: ("db_password", _mixed(r, 20)),
}

CONTEXTS: dict[str, str] = {
    "assignment": 'value = "{}"\n',
    "environment": "export SERVICE_CONFIG={}\n",
    "json": '{{"id": 7, "setting": "{}", "next": null}}',
    "comment": "    # left over from debugging: {} (remove)\n",
    "argument": "client = connect('eu', '{}', timeout=3)\n",
    "escape": 'text = "first line\\n{}\\nlast line"\n',
}
NAMED_CONTEXTS: dict[str, str] = {
    "assignment": '{} = "{}"\n',
    "environment": "export {}={}\n",
    "json": '{{"user": "bob", "{}": "{}"}}',
    "keyword": "connect(host, {}='{}', retry=True)\n",
    "yaml": "settings:\n  {}: '{}'\n",
}


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("kind", GENERATORS)
def test_redact_takes_out_every_kind_in_every_context(kind: str, context: str) -> None:
    rng = random.Random(f"{SEED}{kind}{context}")
    for _ in range(20):
        token = GENERATORS[kind](rng)
        text = CONTEXTS[context].format(token)
        redacted = redact(text)
        body = token[-12:].rstrip("=-")
        assert f"<redacted:{kind}>" in redacted, f"seed {SEED}: {text!r} -> {redacted!r}"
        if kind not in {"url-credentials", "private-key"}:
            assert body not in redacted
        assert redact(redacted) == redacted


@pytest.mark.parametrize("context", NAMED_CONTEXTS)
@pytest.mark.parametrize("kind", NAMED_GENERATORS)
def test_redact_takes_out_values_told_by_their_name(kind: str, context: str) -> None:
    rng = random.Random(f"{SEED}{kind}{context}")
    for _ in range(20):
        name, value = NAMED_GENERATORS[kind](rng)
        redacted = redact(NAMED_CONTEXTS[context].format(name, value))
        assert value not in redacted, f"seed {SEED}: {value}"
        assert "<redacted:" in redacted
        assert redact(redacted) == redacted


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer {}",
        "{{'Authorization': 'Bearer {}'}}",
        'curl -H "authorization: token {}" https://example.org',
        'headers["Authorization"] = "Basic {}="',
        "get(url).set('Authorization', 'bearer {}')",
    ],
)
def test_redact_takes_out_authorization_headers(header: str) -> None:
    rng = random.Random(SEED)
    value = _mixed(rng, 32)
    redacted = redact(header.format(value))
    assert value not in redacted
    assert "<redacted:authorization-header>" in redacted


def test_kinds_are_at_least_thirty_and_all_tested() -> None:
    tested = {*GENERATORS, *NAMED_GENERATORS, "authorization-header"}
    assert set(SECRET_KINDS) == tested
    assert len(SECRET_KINDS) >= 30


def _clean_test_files() -> list[Path]:
    files: list[Path] = []
    for package in ("numpy", "networkx", "sklearn", "scipy"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        files += Path(spec.origin).parent.rglob("test_*.py")
    return sorted(files)


def test_find_secrets_leaves_clean_test_files_alone() -> None:
    files = _clean_test_files()
    assert len(files) >= 1000
    hits = [path for path in files if find_secrets(path.read_text("utf-8"))]
    assert len(hits) <= len(files) // 100, hits


@pytest.mark.parametrize(
    "text",
    [
        'password = "correct horse battery"',
        'password = "my-secret-password"',
        "token = tokenizer.next_token_of_stream",
        'SECRET_KEY = "django-insecure-test-key"',
        'header = {"Authorization": "Bearer my-test-token"}',
        'sha = "' + "0123456789abcdef" * 4 + '"',
        'uid = "123e4567-e89b-12d3-a456-426614174000"',
        'assert key.startswith("-----BEGIN PRIVATE ' + 'KEY-----")',
        "https://example.org:8080/path@v2",
        'f"https://{user}:{password}@{host}"',
        "class sk-toggleable__content-label-arrow",
        "xAKIA is no key",
        "",
    ],
)
def test_find_secrets_finds_nothing_in_plain_code(text: str) -> None:
    assert find_secrets(text) == []
    assert redact(text) == text


def test_redact_keeps_the_host_of_a_url() -> None:
    password = _mixed(random.Random(SEED), 12)
    redacted = redact(f"https://bob:{password}@example.org/x")
    assert redacted == "https://<redacted:url-credentials>@example.org/x"


def test_redact_takes_out_a_key_block_of_any_layout() -> None:
    rng = random.Random(SEED)
    lines = [_draw(rng, BASE64, 64).replace("+", "x") for _ in range(6)]
    begin, end = "-----BEGIN PRIVATE" + " KEY-----", "-----END PRIVATE" + " KEY-----"
    plain = "\n".join([begin, *lines, end])
    concatenated = " +\n".join(f"'{line}\\n'" for line in [begin, *lines, end])
    cut_off = "\n".join([begin, *lines])
    for text in (plain, f"key = (\n{concatenated}\n)\nassert key", cut_off):
        redacted = redact(text)
        assert "<redacted:private-key>" in redacted
        assert not any(line in redacted for line in lines)
    assert redact(f"key = (\n{concatenated}\n)\nassert key").endswith(")\nassert key")


def test_find_secrets_merges_overlapping_findings() -> None:
    rng = random.Random(SEED)
    token = "gh" + "p_" + _draw(rng, BASE62, 36)
    text = f'api_token = "{token}"'
    (finding,) = find_secrets(text)
    assert text[finding.start : finding.end] == token
    assert redact(text) == f'api_token = "<redacted:{finding.kind}>"'


def test_find_secrets_joins_findings_that_overlap_in_part() -> None:
    rng = random.Random(SEED)
    # The number of the bot is also the tail of the token.
    first = GENERATORS["jwt"](rng)
    second = GENERATORS["telegram-token"](rng)
    text = f"x {first}-{second} y"
    (finding,) = find_secrets(text)
    assert text[finding.start : finding.end] == f"{first}-{second}"
    assert redact(text) == "x <redacted:jwt> y"


@given(st.text(max_size=400))
def test_redact_is_idempotent_on_any_text(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    st.lists(st.sampled_from(sorted(GENERATORS)), min_size=1, max_size=4),
    st.text(alphabet=" \n\"'=:,-_aZ0", max_size=3),
    st.integers(0, 2**32),
)
def test_redact_is_idempotent_on_tokens_in_a_row(kinds: list[str], glue: str, seed: int) -> None:
    rng = random.Random(seed)
    once = redact(glue.join(GENERATORS[kind](rng) for kind in kinds))
    assert redact(once) == once


HOSTILE = {
    "prefixes": "gl" + "pat-",
    "equals": '="a',
    "colons": "://a:",
    "bearer": "bearer ",
    "keys": "-----BEGIN PRIVATE" + " KEY-----",
    "base64": "A" * 63 + "\n",
    "jwt": "ey" + "J",
    "names": 'password: token = "x',
    "dots": "M" + "a" * 26 + ".",
    "hex": "0a",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_find_secrets_takes_linear_time_on_hostile_text(name: str) -> None:
    unit = HOSTILE[name]

    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.perf_counter()
        find_secrets(text)
        return time.perf_counter() - started

    small = min(seconds(100_000) for _ in range(2))
    large = seconds(800_000)
    # Eight times the text: quadratic work would take sixty-four times as long.
    assert large < 24 * small + 0.2, (small, large)


@given(st.lists(st.sampled_from(["", "a", "password =", f'"{"k9Qw3Zt7" * 3}"', " "]), max_size=4))
def test_holds_secrets_scans_texts_apart(texts: list[str]) -> None:
    assert holds_secrets(texts) == any(map(find_secrets, texts))


def test_holds_secrets_finds_one_in_any_text() -> None:
    token = GENERATORS["github-token"](random.Random(SEED))
    assert holds_secrets(["a", f"use {token}"])
    assert not holds_secrets(["a", token[:20], token[20:]])
    assert not holds_secrets([])
