"""Every kind of secret is found in every context, and nothing in clean code, in linear time."""

from __future__ import annotations

import importlib.util
import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.schema.redaction.redaction import SECRET_KINDS, find_secrets, holds_secrets, redact

from ...promises.planted_secrets import BASE62, BASE64, TOKENS, draw, mixed, planted, survivors

SEED = 20260815

PLANTED = list(planted(SEED))
KINDS = sorted({item.kind for item in PLANTED})


@pytest.mark.parametrize("kind", KINDS)
def test_redact_takes_out_every_kind_in_every_context(kind: str) -> None:
    items = [item for item in PLANTED if item.kind == kind]
    leaked = []
    for item in items:
        redacted = redact(item.text)
        assert redact(redacted) == redacted
        if survivors(redacted, item.parts):
            leaked.append(item)
    # A random value may happen not to look random; the rate is in tests/promises.
    assert len(leaked) <= 1, f"seed {SEED}: {leaked}"


def test_redact_keeps_escaped_json_valid() -> None:
    for item in PLANTED:
        if item.context == "json":
            assert json.loads(redact(item.text))["id"] == 7
        elif item.context == "doubly escaped json":
            document = redact(item.text).removeprefix("log = ")
            assert isinstance(json.loads(json.loads(document)), str)


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
    value = mixed(rng, 32)
    redacted = redact(header.format(value))
    assert value not in redacted
    assert "<redacted:authorization-header>" in redacted


def test_every_kind_of_secret_is_planted() -> None:
    found = {secret.kind for item in PLANTED for secret in find_secrets(item.text)}
    assert set(SECRET_KINDS) == found
    assert len(SECRET_KINDS) >= 100


@pytest.mark.parametrize(
    "line",
    [
        'password = "{}"',
        '"{{\\"password\\": \\"{}\\"}}"',
        "headers={{'X-API-Key': '{}'}}",
        "X-API-Key: {}",
        'ENCRYPTION_KEY = "{}"',
        'private_key = "{}"',
        'auth = "{}"',
        "Cookie: sessionid={}",
        "curl -u admin:{} https://x",
        "PASSWORD: {}",
        "db_pass='{}'",
        "PGPASSWORD={} psql",
        "password='{}',",
        "client_secret: {}",
        'DOCKER_AUTH=\'{{"auths":{{"x":{{"auth":"{}="}}}}}}\'',
    ],
)
def test_redact_takes_out_what_an_attack_left(line: str) -> None:
    """The lines of the attack; prefixes of its vendors are in the planted kinds."""
    value = mixed(random.Random(SEED), 32)
    assert value not in redact(line.format(value))


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
    assert len(hits) <= len(files) // 200, hits


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
    password = mixed(random.Random(SEED), 12)
    redacted = redact(f"https://bob:{password}@example.org/x")
    assert redacted == "https://<redacted:url-credentials>@example.org/x"


def test_redact_takes_out_a_key_block_of_any_layout() -> None:
    rng = random.Random(SEED)
    lines = [draw(rng, BASE64, 64).replace("+", "x") for _ in range(6)]
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
    token = "gh" + "p_" + draw(rng, BASE62, 36)
    text = f'api_token = "{token}"'
    (finding,) = find_secrets(text)
    assert text[finding.start : finding.end] == token
    assert redact(text) == f'api_token = "<redacted:{finding.kind}>"'


def test_find_secrets_joins_findings_that_overlap_in_part() -> None:
    rng = random.Random(SEED)
    # The number of the bot is also the tail of the token.
    first = TOKENS["jwt"](rng)
    second = TOKENS["telegram token"](rng)
    text = f"x {first}-{second} y"
    (finding,) = find_secrets(text)
    assert text[finding.start : finding.end] == f"{first}-{second}"
    assert redact(text) == "x <redacted:jwt> y"


@given(st.text(max_size=400))
def test_redact_is_idempotent_on_any_text(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    st.lists(st.sampled_from(sorted(TOKENS)), min_size=1, max_size=4),
    st.text(alphabet=" \n\"'=:,-_aZ0", max_size=3),
    st.integers(0, 2**32),
)
def test_redact_is_idempotent_on_tokens_in_a_row(kinds: list[str], glue: str, seed: int) -> None:
    rng = random.Random(seed)
    once = redact(glue.join(TOKENS[kind](rng) for kind in kinds))
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
        started = time.thread_time()  # of this thread alone, whatever else runs
        find_secrets(text)
        return time.thread_time() - started

    small = min(seconds(100_000) for _ in range(2))
    large = seconds(800_000)
    # Eight times the text: quadratic work would take sixty-four times as long.
    assert large < 24 * small + 0.2, (small, large)


@given(st.lists(st.sampled_from(["", "a", "password =", f'"{"k9Qw3Zt7" * 3}"', " "]), max_size=4))
def test_holds_secrets_scans_texts_apart(texts: list[str]) -> None:
    assert holds_secrets(texts) == any(map(find_secrets, texts))


def test_holds_secrets_finds_one_in_any_text() -> None:
    token = TOKENS["github token"](random.Random(SEED))
    assert holds_secrets(["a", f"use {token}"])
    assert not holds_secrets(["a", token[:20], token[20:]])
    assert not holds_secrets([])
