"""Finds secrets in text and replaces each with a typed placeholder.

The rules are anchored (RELIABILITY section 5): a kind of token is recognised by its prefix or by
the text around it, never by entropy alone, because entropy mistakes UUIDs and hashes for secrets.
Each rule has a few literal needles; its regular expression runs only on text that contains one of
them, so clean text costs a few microseconds. Every expression has at most one unbounded quantifier,
over characters that its neighbours cannot match, and so takes linear time.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["SECRET_KINDS", "SecretFinding", "find_secrets", "holds_secrets", "redact"]

# A token starts where no letter or digit precedes it; the letter of an escape (`\n`) and the digits
# of a percent escape (`%3D`) belong to the text around it. Checked after the token's first
# character, so that the search can skip from one such character to the next.
_STARTED = r"(?:(?<![A-Za-z0-9].)|(?<=\\[nrt].)|(?<=%[0-9A-Fa-f]{2}.))"
_END = r"(?![A-Za-z0-9])"
_FIRST = re.compile(r"\[[^\]]+\]|\\?.")

# Minimum Shannon entropy in bits per character, and minimum share of changes between lower case,
# upper case and digit, for a value to count as random. Measured on 20,000 seeded random values
# (hex, base 32, base 62; 16 to 40 characters) against the quoted values of numpy, scipy,
# scikit-learn and networkx tests: the lowest of the former that matters is above, all of the latter
# below.
_MIN_ENTROPY = 2.8
_MIN_CHANGES = 0.22
_MIN_RANDOM_CHARS = 12
# Characters before a value in which its name is searched for.
_MAX_NAME_CHARS = 96
# Separates texts that are scanned together: more blanks than any rule skips.
_SEPARATOR = "\n" * 9


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A secret: its kind, and its position in the text (``text[start:end]``)."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    kind: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]  # the group "secret" is removed; without one, the whole match
    before: re.Pattern[str] | None  # what must directly precede the match
    random: bool  # whether the value must look random


def find_secrets(text: str) -> list[SecretFinding]:
    """Returns the secrets in a text by position, without overlaps (the longest wins)."""
    findings: list[SecretFinding] = []
    for rule in dict.fromkeys([rule for needle, rule in _NEEDLES if needle in text]):
        findings.extend(_apply(rule, text))
    return _without_overlaps(findings)


def holds_secrets(texts: Iterable[str]) -> bool:
    """Returns whether any of the texts holds a secret; scans them all at once."""
    return bool(find_secrets(_SEPARATOR.join(texts)))


def redact(text: str) -> str:
    """Returns the text with each secret replaced by ``<redacted:kind>``.

    Idempotent: the result contains nothing more to redact.
    """
    findings = find_secrets(text)
    while findings:  # a replacement may expose a token that was joined to its neighbour
        pieces: list[str] = []
        position = 0
        for finding in findings:
            pieces += [text[position : finding.start], f"<redacted:{finding.kind}>"]
            position = finding.end
        text = "".join((*pieces, text[position:]))
        findings = find_secrets(text)
    return text


def _apply(rule: _Rule, text: str) -> list[SecretFinding]:
    group = "secret" if "secret" in rule.pattern.groupindex else 0
    return [
        SecretFinding(rule.kind, *match.span(group))
        for match in rule.pattern.finditer(text)
        if (not rule.random or _looks_random(match[group])) and _is_named(rule, match)
    ]


def _is_named(rule: _Rule, match: re.Match[str]) -> bool:
    """Returns whether the text before a match names the secret, if the rule requires that."""
    if rule.before is None:
        return True
    start = match.start()
    return rule.before.search(match.string, max(0, start - _MAX_NAME_CHARS), start) is not None


def _without_overlaps(findings: list[SecretFinding]) -> list[SecretFinding]:
    kept: list[SecretFinding] = []
    for finding in sorted(findings, key=lambda found: (found.start, -found.end, found.kind)):
        if kept and finding.start < kept[-1].end:
            if finding.end > kept[-1].end:  # neither contains the other: redact both
                last = kept[-1]
                kept[-1] = SecretFinding(last.kind, last.start, finding.end)
            continue
        kept.append(finding)
    return kept


def _looks_random(value: str) -> bool:
    """Returns whether a value looks random rather than written by a person."""
    if len(value) < _MIN_RANDOM_CHARS or not any(char.isdigit() for char in value):
        return False
    classes = [
        "d" if char.isdigit() else "u" if char.isupper() else "l"
        for char in value
        if char.isalnum()
    ]
    if len(set(classes)) < 2:
        return False
    changes = sum(left != right for left, right in pairwise(classes))
    if changes / len(value) < _MIN_CHANGES:
        return False
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    return entropy >= _MIN_ENTROPY


def _rule(
    kind: str, needles: str, pattern: str, *, before: str = "", random: bool = False
) -> _Rule:
    named = re.compile(before + r"\Z", re.IGNORECASE) if before else None
    return _Rule(kind, tuple(needles.split()), re.compile(pattern), named, random)


def _token(kind: str, needles: str, pattern: str) -> _Rule:
    """Returns the rule for a token recognised by a fixed prefix and an alphabet."""
    first = _FIRST.match(pattern)
    assert first is not None  # every pattern begins with one character or class
    rest = pattern[first.end() :]
    return _rule(kind, needles, f"{first[0]}{_STARTED}(?:{rest}){_END}")


# Allowed between the base64 lines of a key: line ends, escaped ones, quotes, `+` and commas.
_KEY_GAP = r"(?:\\[nrt]|\\(?=\s)|[\s\"'`,;]|\+(?=\s))*+"
_SECRET_NAME = (
    r"(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?)[\w-]{0,24}"
)

_RULES: tuple[_Rule, ...] = (
    # Clouds
    _token("aws-access-key-id", "AKIA ASIA ABIA ACCA", r"A(?:KIA|SIA|BIA|CCA)[0-9A-Z]{16}"),
    _rule(
        "aws-secret-key",
        "aws AWS Aws ecret",
        r"[:=,>]\s{0,8}[\"']?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
        before=r"(?:aws[\w.-]{0,20}(?:secret|sk)|secret_?access_?key)[\w.-]{0,20}[\"']?\s{0,8}=?",
        random=True,
    ),
    _token("google-api-key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
    _token("google-oauth-secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _token("google-oauth-token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _rule("azure-storage-key", "AccountKey=", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
    _token("digitalocean-token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _token("databricks-token", "dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    _token("vault-token", "hvs. hvb.", r"hv[sb]\.[A-Za-z0-9_-]{24,}"),
    _token("doppler-token", "dp.pt.", r"dp\.pt\.[A-Za-z0-9]{40,44}"),
    _token("planetscale-token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,}"),
    _token("supabase-token", "sbp_", r"sbp_[a-f0-9]{40}"),
    # Forges and registries
    _token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,251}"),
    _token("github-fine-grained-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,}"),
    _token(
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- glft- glsoat-",
        r"gl(?:pat|ptt|dt|rt|cbt|ft|soat)-[A-Za-z0-9_-]{20,}",
    ),
    _token("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _token("pypi-token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    _token("rubygems-token", "rubygems_", r"rubygems_[a-f0-9]{48}"),
    _token("docker-token", "dckr_pat_", r"dckr_pat_[A-Za-z0-9_-]{27,}"),
    # Models
    _token("anthropic-key", "sk-ant-", r"sk-ant-[a-z]{3,8}\d\d-[A-Za-z0-9_-]{24,}"),
    _token(
        "openai-key",
        "sk-",
        r"sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{32,}|[A-Za-z0-9]{32,64})",
    ),
    _token("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{34}"),
    _token("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{52}"),
    _token("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37}"),
    # Messages and mail
    _token("slack-token", "xox xapp-", r"x(?:ox[abeoprs]|app)-[A-Za-z0-9-]{16,}"),
    _rule(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9/]{16,})",
    ),
    _token(
        "discord-token",
        "M N O",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
    ),
    _rule(
        "discord-webhook",
        "/api/webhooks/",
        r"/api/webhooks/\d{17,20}/(?P<secret>[A-Za-z0-9_-]{60,72})",
    ),
    _token("telegram-token", ":AA", r"\d\d{7,9}:AA[A-Za-z0-9_-]{33}"),
    _token("twilio-key", "SK AC", r"[SA][KC][0-9a-f]{32}"),
    _token("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _token("mailgun-key", "key-", r"key-[a-f0-9]{32}"),
    _token("mailchimp-key", "-us", r"[0-9a-f][0-9a-f]{31}-us\d{1,2}"),
    # Shops and payments
    _token("stripe-key", "_live_ _test_", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _token("stripe-webhook-secret", "whsec_", r"whsec_[A-Za-z0-9]{32,}"),
    _token("shopify-token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _token("square-token", "sq0", r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}"),
    # Tools
    _token("linear-key", "lin_api_", r"lin_api_[A-Za-z0-9]{40}"),
    _token("notion-token", "ntn_", r"ntn_[A-Za-z0-9]{43,46}"),
    _token("figma-token", "figd_", r"figd_[A-Za-z0-9_-]{40,}"),
    _token("postman-key", "PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    _token("airtable-token", "pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    _token("atlassian-token", "ATATT3", r"ATATT3[A-Za-z0-9_=-]{60,}"),
    _token("grafana-token", "glsa_", r"glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}"),
    _token("new-relic-key", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    _token("sentry-token", "sntrys_ sntryu_", r"sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    _token("age-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    # By form
    _rule(
        # With or without its end: a truncated key still gives half of it away.
        "private-key",
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        + _KEY_GAP
        + rf"(?:[A-Za-z-]{{1,20}}: [^\n\\]{{0,80}}{_KEY_GAP}){{0,4}}"
        + rf"(?:(?:[A-Za-z0-9/=]|\+(?!\s)){{16,}}+{_KEY_GAP}){{1,1000}}+"
        + rf"[A-Za-z0-9/+=]{{0,16}}{_KEY_GAP}"
        + r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    _token("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}"),
    _rule(
        "url-credentials",
        "://",
        r"(?<=://)(?P<secret>[^\s\"'`/@:<>{}$()\\,\[\]]{0,64}:[^\s\"'`/@:<>{}$()\\,\[\]]{3,128})@(?=[\w\[])",
    ),
    _rule(
        "authorization-header",
        "earer asic oken BEARER",
        r"[ 0](?P<secret>[A-Za-z0-9._~+/-]{12,512}={0,2})",
        before=r"(?:bearer|authorization[\"'\]]{0,2}\s{0,4}[:=,]\s{0,4}[\"']?(?:basic|token|apikey))"
        r"(?: {0,3}|%2)",
        random=True,
    ),
    _rule(
        "password",
        "ass PASS wd WD ecret ECRET oken OKEN key KEY Key redential REDENTIAL",
        r"[:=,>]\s{0,8}(?P<quote>[\"'`])(?P<secret>[^\s\"'`<>{}$()]{12,512})(?P=quote)",
        before=_SECRET_NAME + r"[\"'\]]{0,2}(?:\s{0,4}:\s{0,4}[A-Za-z]{1,16})?\s{0,8}=?",
        random=True,
    ),
    _rule(
        "password",
        "ass PASS wd WD ecret ECRET oken OKEN key KEY Key",
        r"=(?P<secret>[A-Za-z0-9+/_.~-]{12,512}={0,2})(?![\w(\[.])",
        before=_SECRET_NAME,
        random=True,
    ),
)

_NEEDLES: tuple[tuple[str, _Rule], ...] = tuple(
    (needle, rule) for rule in _RULES for needle in rule.needles
)

# Each kind once.
SECRET_KINDS: tuple[str, ...] = tuple(dict.fromkeys(rule.kind for rule in _RULES))
