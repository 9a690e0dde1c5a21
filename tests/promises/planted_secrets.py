"""Plants secrets of many kinds in many contexts, for the promises about secrets.

A kind is recognised by its prefix (``TOKENS``), by its name (``NAMED``) or by the text around it
(``TEXTS``). Every token is put together at run time, so that none is in this file.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import NamedTuple

DIGITS = string.digits
LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
HEX = "0123456789abcdef"
BASE62 = string.ascii_letters + DIGITS
BASE64 = BASE62 + "+/"
URL64 = BASE62 + "-_"
UPPER36 = UPPER + DIGITS
LOWER36 = LOWER + DIGITS
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"

Draw = Callable[[random.Random], str]


class Planted(NamedTuple):
    """A secret in a text, and the parts of it that must be gone."""

    kind: str
    context: str
    text: str
    parts: tuple[str, ...]


class Secret(NamedTuple):
    """What a context shows: a name, the text that holds the secret, and the parts that it hides."""

    name: str
    text: str
    parts: tuple[str, ...]


def draw(rng: random.Random, alphabet: str, length: int) -> str:
    """Returns random text."""
    return "".join(rng.choice(alphabet) for _ in range(length))


def mixed(rng: random.Random, length: int) -> str:
    """Returns random letters and digits, at least two of each sort, as password managers do."""
    sure = [draw(rng, part, 2) for part in (LOWER, UPPER, DIGITS)]
    letters = list("".join(sure) + draw(rng, BASE62, length - 6))
    rng.shuffle(letters)
    return "".join(letters)


def _after(prefix: str, alphabet: str, length: int, end: str = "") -> Draw:
    return lambda rng: prefix.replace("|", "") + draw(rng, alphabet, length) + end


def _encoded(rng: random.Random, text: str, length: int = 20) -> str:
    return (
        base64.urlsafe_b64encode((text + draw(rng, BASE62, length)).encode()).decode().rstrip("=")
    )


def _jwt(rng: random.Random) -> str:
    head = _encoded(rng, '{"alg":"HS256","kid":"')
    return f"{head}.{_encoded(rng, chr(123) + chr(34) + 'sub' + chr(34))}.{draw(rng, URL64, 43)}"


def _jwe(rng: random.Random) -> str:
    parts = [draw(rng, URL64, n) for n in (342, 16, 120, 22)]
    return ".".join([_encoded(rng, '{"alg":"RSA-OAEP","enc":"A256GCM"}', 0), *parts])


def _uuid(rng: random.Random) -> str:
    return "-".join(draw(rng, HEX, n) for n in (8, 4, 4, 4, 12))


# Known by a prefix or a form of their own, whatever is around them. "|" keeps each prefix apart.
TOKENS: dict[str, Draw] = {
    "aws access key": _after("AK|IA", UPPER36, 16),
    "aws temporary key": _after("AS|IA", UPPER36, 16),
    "aws legacy key": lambda r: "A3" + "T" + draw(r, UPPER36, 1) + draw(r, UPPER36, 16),
    "aws bedrock key": lambda r: "AB" + "SK" + draw(r, BASE64, 109) + "==",
    "google api key": _after("AI|za", URL64, 35),
    "google oauth secret": _after("GOC|SPX-", URL64, 28),
    "google oauth token": _after("ya|29.", URL64, 90),
    "google refresh token": _after("1/|/0", URL64, 60),
    "azure client secret": lambda r: draw(r, BASE62, 3) + "8" + "Q~" + draw(r, BASE62, 34),
    "digitalocean token": _after("dop|_v1_", HEX, 64),
    "databricks token": _after("da|pi", HEX, 32),
    "vault token": _after("hv|s.", URL64, 90),
    "vault legacy token": lambda r: "s" + "." + mixed(r, 24),
    "doppler service token": lambda r: "dp." + "st.prd." + draw(r, BASE62, 43),
    "doppler personal token": _after("dp.|pt.", BASE62, 43),
    "planetscale token": _after("pscale|_tkn_", URL64, 43),
    "supabase access token": _after("sb|p_", HEX, 40),
    "supabase secret key": lambda r: (
        "sb" + "_secret_" + draw(r, URL64, 22) + "_" + draw(r, URL64, 8)
    ),
    "github token": _after("gh|p_", BASE62, 36),
    "github app token": _after("gh|s_", BASE62, 36),
    "github jwt token": lambda r: "gh" + "s_" + _jwt(r),
    "github fine-grained": lambda r: (
        f"github|_pat_{draw(r, BASE62, 22)}_{draw(r, BASE62, 59)}".replace("|", "")
    ),
    "gitlab token": _after("gl|pat-", URL64, 20),
    "gitlab routable token": lambda r: (
        "gl" + "pat-" + draw(r, URL64, 27) + ".01." + draw(r, LOWER36, 9)
    ),
    "gitlab job token": lambda r: "glc" + "bt-64_" + draw(r, URL64, 20),
    "gitlab runner token": _after("GR13|48941", URL64, 20),
    "npm token": _after("np|m_", BASE62, 36),
    "pypi token": _after("py|pi-AgEIcHlwaS5vcmc", URL64, 150),
    "rubygems token": _after("ruby|gems_", HEX, 48),
    "nuget key": _after("oy|2", LOWER36, 43),
    "docker token": _after("dckr|_pat_", URL64, 27),
    "docker org token": _after("dckr|_oat_", URL64, 32),
    "crates.io token": _after("ci|o", BASE62, 32),
    "artifactory key": _after("AK|Cp", BASE62, 69),
    "artifactory reference": _after("cm|VmdGtuOj", BASE62, 53),
    "clojars token": _after("CLOJ|ARS_", LOWER36, 60),
    "anthropic key": lambda r: "sk-" + "ant-api03-" + draw(r, URL64, 93) + "AA",
    "anthropic oauth token": lambda r: "sk-" + "ant-oat01-" + draw(r, URL64, 93) + "AA",
    "openai key": lambda r: "sk-" + draw(r, BASE62, 20) + "T3Blb" + "kFJ" + draw(r, BASE62, 20),
    "openai project key": lambda r: (
        "sk-" + "proj-" + draw(r, URL64, 74) + "T3Blb" + "kFJ" + draw(r, URL64, 74)
    ),
    "openai service key": lambda r: "sk-" + "svcacct-" + draw(r, URL64, 120),
    "openrouter key": _after("sk-|or-v1-", HEX, 64),
    "deepseek key": _after("sk|-", HEX, 32),
    "xai key": _after("xa|i-", BASE62, 80),
    "perplexity key": _after("pp|lx-", BASE62, 48),
    "hugging face token": _after("h|f_", string.ascii_letters, 34),
    "groq key": _after("gs|k_", BASE62, 52),
    "replicate token": _after("r|8_", BASE62, 37),
    "nvidia key": _after("nv|api-", URL64, 64),
    "fireworks key": _after("fw|_", BASE62, 24),
    "together key": _after("tgp|_v1_", URL64, 43),
    "pinecone key": lambda r: "pc" + "sk_" + draw(r, BASE62, 5) + "_" + draw(r, BASE62, 63),
    "langsmith key": lambda r: "lsv2" + "_pt_" + draw(r, HEX, 32) + "_" + draw(r, HEX, 10),
    "tavily key": _after("tv|ly-", BASE62, 32),
    "vercel token": _after("vc|p_", BASE62, 56),
    "vercel blob token": lambda r: (
        "vercel" + "_blob_rw_" + draw(r, BASE62, 16) + "_" + draw(r, BASE62, 30)
    ),
    "netlify token": _after("nf|p_", BASE62, 36),
    "fly token": lambda r: "Fly" + "V1 fm2_" + draw(r, BASE64, 200),
    "cloudflare token": _after("cf|ut_", BASE62, 40),
    "cloudflare origin key": lambda r: "v1" + ".0-" + draw(r, HEX, 24) + "-" + draw(r, HEX, 146),
    "heroku key": _after("HRKU-|AA", URL64, 58),
    "clerk key": _after("sk|_live_", BASE62, 42),
    "resend key": lambda r: "r" + "e_" + mixed(r, 8) + "_" + mixed(r, 24),
    "posthog key": _after("ph|x_", BASE62, 43),
    "sentry org token": lambda r: (
        "sntr" + "ys_eyJpYXQiOj" + draw(r, BASE64, 120) + "_" + draw(r, BASE64, 43)
    ),
    "sentry user token": _after("sntr|yu_", HEX, 64),
    "buildkite token": _after("bk|ua_", HEX, 40),
    "circleci token": lambda r: "CCI" + "PAT_" + draw(r, BASE62, 22) + "_" + draw(r, HEX, 40),
    "terraform token": lambda r: draw(r, BASE62, 14) + ".atlas" + "v1." + draw(r, URL64, 67),
    "1password token": lambda r: "op" + "s_eyJ" + draw(r, BASE64, 300),
    "1password secret key": lambda r: (
        "A3" + "-" + "-".join(draw(r, UPPER36, n) for n in (6, 6, 5, 5, 5, 5))
    ),
    "shopify token": _after("shp|at_", HEX, 32),
    "square token": _after("sq0|atp-", URL64, 22),
    "square access token": _after("EAA|A", BASE62, 60),
    "stripe key": _after("sk|_live_", BASE62, 24),
    "stripe restricted key": _after("rk|_live_", BASE62, 99),
    "stripe webhook secret": _after("wh|sec_", BASE62, 32),
    "twilio key": _after("S|K", HEX, 32),
    "sendgrid key": lambda r: "S" + "G." + draw(r, URL64, 22) + "." + draw(r, URL64, 43),
    "mailgun key": _after("ke|y-", HEX, 32),
    "mailgun new key": lambda r: "-".join(draw(r, HEX, n) for n in (32, 8, 8)),
    "mailchimp key": lambda r: draw(r, HEX, 32) + "-u" + "s" + str(r.randrange(1, 22)),
    "brevo key": lambda r: "xkey" + "sib-" + draw(r, HEX, 64) + "-" + draw(r, BASE62, 16),
    "postmark-like easypost": _after("EZ|AK", BASE62, 54),
    "new relic user key": _after("NR|AK-", UPPER36, 27),
    "new relic insert key": _after("NR|II-", URL64, 32),
    "new relic licence": lambda r: draw(r, HEX, 36) + "NR" + "AL",
    "dynatrace token": lambda r: "dt0" + "c01." + draw(r, UPPER36, 24) + "." + draw(r, UPPER36, 64),
    "grafana service token": lambda r: "gl" + "sa_" + draw(r, BASE62, 32) + "_" + draw(r, HEX, 8),
    "grafana cloud token": lambda r: "gl" + "c_eyJ" + draw(r, BASE64, 100) + "=",
    "honeycomb key": _after("hcai|k_", LOWER36, 58),
    "slack bot token": lambda r: (
        "xo"
        + "xb-"
        + draw(r, "123456789", 12)
        + "-"
        + draw(r, DIGITS, 12)
        + "-"
        + draw(r, BASE62, 24)
    ),
    "slack refresh token": lambda r: "xo" + "xe-1-" + draw(r, BASE62, 146),
    "slack config token": lambda r: "xo" + "xe.xoxp-1-" + draw(r, BASE62, 166),
    "slack app token": lambda r: (
        "xa" + "pp-1-A" + draw(r, UPPER36, 10) + "-" + draw(r, DIGITS, 13) + "-" + draw(r, HEX, 64)
    ),
    "discord token": lambda r: (
        "MT" + draw(r, BASE62, 24) + "." + "G" + draw(r, URL64, 5) + "." + draw(r, URL64, 38)
    ),
    "telegram token": lambda r: draw(r, "123456789", 10) + ":A" + "A" + draw(r, URL64, 33),
    "facebook token": _after("EAA|CEdEose0cBA", BASE62, 150),
    "atlassian token": lambda r: (
        "AT" + "ATT3xFfGF0" + draw(r, URL64, 170) + "=" + draw(r, HEX.upper(), 8)
    ),
    "bitbucket token": lambda r: (
        "AT" + "CTT3xFfGN0" + draw(r, URL64, 170) + "=" + draw(r, HEX.upper(), 8)
    ),
    "linear key": _after("lin|_api_", BASE62, 40),
    "notion token": _after("nt|n_", BASE62, 46),
    "notion old token": _after("secret|_", BASE62, 43),
    "figma token": _after("fig|d_", URL64, 40),
    "postman key": lambda r: "PM" + "AK-" + draw(r, HEX, 24) + "-" + draw(r, HEX, 34),
    "airtable token": lambda r: "pa" + "t" + draw(r, BASE62, 14) + "." + draw(r, HEX, 64),
    "asana token": lambda r: (
        "2"
        + "/"
        + draw(r, "123456789", 16)
        + "/"
        + draw(r, "123456789", 16)
        + ":"
        + draw(r, HEX, 32)
    ),
    "contentful token": _after("CF|PAT-", URL64, 43),
    "age key": _after("AGE-SECRET|-KEY-1", BECH32, 58),
    "pulumi token": _after("pu|l-", HEX, 40),
    "prefect token": _after("pn|u_", LOWER36, 36),
    "neon key": _after("na|pi_", LOWER36, 64),
    "launchdarkly key": lambda r: "sd" + "k-" + _uuid(r),
    "launchdarkly api key": lambda r: "ap" + "i-" + _uuid(r),
    "alibaba key": _after("LT|AI5t", BASE62, 20),
    "tencent key": _after("AK|ID", BASE62, 32),
    "yandex key": lambda r: "AQ" + "VN" + draw(r, URL64, 36),
    "yandex iam token": lambda r: "t1" + "." + draw(r, URL64, 60) + "." + draw(r, URL64, 86),
    "shippo token": _after("shippo|_live_", HEX, 40),
    "dropbox token": lambda r: "sl" + ".u." + draw(r, URL64, 130),
    "readme key": _after("rdme|_", LOWER36, 70),
    "typeform token": lambda r: "tfp" + "_" + draw(r, URL64, 44) + "_" + draw(r, BASE62, 14),
    "duffel key": _after("duffel|_live_", URL64, 43),
    "databento-like scalingo": _after("tk-us|-", URL64, 48),
    "infracost key": _after("ic|o-", BASE62, 32),
    "openshift token": _after("sha256|~", URL64, 43),
    "frame.io token": _after("fio-u|-", URL64, 64),
    "sourcegraph token": lambda r: "sg" + "p_" + draw(r, HEX, 16) + "_" + draw(r, HEX, 40),
    "tailscale key": lambda r: (
        "tskey" + "-auth-" + draw(r, BASE62, 12) + "CNTRL-" + draw(r, BASE62, 32)
    ),
    "ngrok-like tailscale api": lambda r: (
        "tskey" + "-api-" + draw(r, BASE62, 12) + "CNTRL-" + draw(r, BASE62, 32)
    ),
    "jwt": _jwt,
    "jwe": _jwe,
}

# Known by their name.
NAMED: dict[str, tuple[str, Draw]] = {
    "aws secret": ("aws_secret_access_key", lambda r: mixed(r, 40)),
    "aws session token": ("aws_session_token", lambda r: draw(r, BASE64, 200)),
    "password": ("password", lambda r: mixed(r, 20)),
    "short password": ("password", lambda r: mixed(r, 10)),
    "db password": ("db_password", lambda r: mixed(r, 16)),
    "db pass": ("db_pass", lambda r: mixed(r, 14)),
    "passphrase": ("ssh_passphrase", lambda r: mixed(r, 18)),
    "client secret": ("client_secret", lambda r: mixed(r, 32)),
    "api key": ("api_key", lambda r: mixed(r, 32)),
    "hex api key": ("api_key", lambda r: draw(r, HEX, 32)),
    "x-api-key": ("x_api_key", lambda r: mixed(r, 40)),
    "encryption key": ("encryption_key", lambda r: mixed(r, 32)),
    "signing key": ("signing_key", lambda r: draw(r, HEX, 64)),
    "private key value": ("private_key", lambda r: mixed(r, 44)),
    "secret key": ("secret_key", lambda r: mixed(r, 50)),
    "access token": ("access_token", lambda r: mixed(r, 30)),
    "refresh token": ("refresh_token", lambda r: mixed(r, 48)),
    "auth token": ("auth_token", lambda r: mixed(r, 32)),
    "session id": ("session_id", lambda r: mixed(r, 32)),
    "webhook secret": ("webhook_secret", lambda r: mixed(r, 24)),
    "datadog api key": ("datadog_api_key", lambda r: draw(r, HEX, 32)),
    "datadog app key": ("dd_app_key", lambda r: draw(r, HEX, 40)),
    "algolia key": ("algolia_admin_key", lambda r: draw(r, HEX, 32)),
    "cohere key": ("cohere_api_key", lambda r: mixed(r, 40)),
    "mistral key": ("mistral_api_key", lambda r: mixed(r, 32)),
    "okta token": ("okta_api_token", lambda r: "00" + draw(r, URL64, 40)),
    "auth0 secret": ("auth0_client_secret", lambda r: draw(r, URL64, 64)),
    "zendesk token": ("zendesk_api_token", lambda r: mixed(r, 40)),
    "snowflake password": ("snowflake_password", lambda r: mixed(r, 20)),
    "asana secret": ("asana_client_secret", lambda r: draw(r, HEX, 32)),
    "pg password": ("pgpassword", lambda r: mixed(r, 16)),
    "mysql password": ("mysql_pwd", lambda r: mixed(r, 16)),
    "redis auth": ("redis_auth", lambda r: mixed(r, 24)),
    "bot token": ("bot_token", lambda r: mixed(r, 40)),
    "consumer secret": ("consumer_secret", lambda r: mixed(r, 45)),
}


def _pem(rng: random.Random, label: str, lines: int) -> Secret:
    body = [draw(rng, BASE64, 64) for _ in range(lines)]
    block = [f"-----BEGIN {label}" + "-----", *body, f"-----END {label}" + "-----"]
    return Secret("setting", "\n".join(block), tuple(body))


def _around(text: str, length: int = 16, alphabet: str = "") -> Callable[[random.Random], Secret]:
    """Returns a kind whose secret is put in the place of ``@@`` in a text."""

    def secret(rng: random.Random) -> Secret:
        value = draw(rng, alphabet, length) if alphabet else mixed(rng, length)
        return Secret("setting", text.replace("@@", value), (value,))

    return secret


# Known by the text around them.
TEXTS: dict[str, Callable[[random.Random], Secret]] = {
    "rsa key": lambda r: _pem(r, "RSA PRIVATE" + " KEY", 12),
    "pkcs8 key": lambda r: _pem(r, "PRIVATE" + " KEY", 8),
    "ec key": lambda r: _pem(r, "EC PRIVATE" + " KEY", 3),
    "openssh key": lambda r: _pem(r, "OPENSSH PRIVATE" + " KEY", 6),
    "pgp key": lambda r: _pem(r, "PGP PRIVATE" + " KEY BLOCK", 10),
    "url credentials": _around("postgres://admin:@@@db.internal:5432/app", 14),
    "short url password": _around("redis://:@@@cache:6379/0", 10),
    "url user token": _around("https://@@@github.com/org/repo.git", 40, HEX),
    "sentry dsn": _around("https://@@@o1.ingest.sentry.io/4504", 32, HEX),
    "bearer": _around("Authorization: Bearer @@", 32),
    "basic": _around("Authorization: Basic @@", 24),
    "token header": _around("Authorization: Token @@", 40, HEX),
    "apikey header": _around("authorization: ApiKey @@", 32),
    "proxy authorization": _around("Proxy-Authorization: Basic @@", 28),
    "x-api-key header": _around("X-API-Key: @@", 32),
    "x-auth-token header": _around("X-Auth-Token: @@", 36),
    "private token header": _around("PRIVATE-TOKEN: @@", 20),
    "cookie": _around("Cookie: theme=dark; sessionid=@@; lang=en", 32),
    "set-cookie": _around("Set-Cookie: session=@@; Path=/; HttpOnly", 40),
    "php session cookie": _around("Cookie: PHPSESSID=@@", 26, LOWER36),
    "curl -u": _around("curl -s -u admin:@@ https://api.example.com/v1", 12),
    "curl --user": _around("curl --user deploy:@@ https://api.example.com", 16),
    "password option": _around("psql-backup --host db --password=@@ --all", 14),
    "password argument": _around("deploy --user bob --password @@ --force", 14),
    "mysql -p": _around("mysql -u root -p@@ shop", 12),
    "mysqldump -p": _around("mysqldump --single-transaction -uroot -p@@ shop", 12),
    "sshpass": _around("sshpass -p @@ ssh root@10.0.0.4", 12),
    "docker login": _around("docker login -u ci -p @@ registry.example.com", 16),
    "redis-cli -a": _around("redis-cli -h cache -a @@ ping", 20),
    "pgpassword command": _around("PGPASSWORD=@@ psql -h db shop", 12),
    "azure sas": _around("https://acct.blob.core.windows.net/c/b?sv=2022-11-02&sr=b&sig=@@%3D", 43),
    "aws signed url": _around(
        "https://b.s3.amazonaws.com/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=@@", 64, HEX
    ),
    "google signed url": _around(
        "https://storage.googleapis.com/b/o?X-Goog-Algorithm=x&X-Goog-Signature=@@", 128, HEX
    ),
    "url token": _around("https://api.example.com/v1/items?token=@@&page=2", 24),
    "url access_token": _around("wss://push.example.com/?access_token=@@", 40),
    "azure storage": _around(
        "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=@@==;EndpointSuffix=core.windows.net",
        86,
        BASE64,
    ),
    "service bus": _around(
        "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=@@=",
        43,
        BASE64,
    ),
    "sql connection": _around("Server=db;Database=shop;User Id=sa;Password=@@;Encrypt=true", 12),
    "odbc connection": _around("DRIVER={ODBC};SERVER=db;UID=sa;PWD=@@;", 12),
    "npmrc": _around("//registry.npmjs.org/:_authToken=@@", 36),
    "npmrc auth": _around("_auth=@@==", 30),
    "netrc": _around("machine api.example.com login bob password @@", 14),
    "pgpass": _around("db.internal:5432:shop:admin:@@", 16),
    "pip index": _around("index-url = https://ci:@@@pypi.example.com/simple", 20),
    "docker auth": _around('{"auths": {"registry.example.com": {"auth": "@@="}}}', 27),
    "service account": lambda r: _service_account(r),
    "slack webhook": lambda r: _webhook(
        r, f"https://hooks.slack|.com/services/T{draw(r, UPPER36, 10)}/B{draw(r, UPPER36, 10)}/"
    ),
    "discord webhook": lambda r: _webhook(
        r, f"https://discord.com/api|/webhooks/{draw(r, '123456789', 18)}/", 68
    ),
    "kubernetes secret": _around("- name: DB_PASSWORD\n  value: @@", 20),
    "htpasswd entry": _around("deploy:$apr1$@@", 31, BASE62),
    "shadow entry": lambda r: _crypt(r),
}


def _service_account(rng: random.Random) -> Secret:
    key = _pem(rng, "PRIVATE" + " KEY", 8)
    document = {"type": "service_account", "private_key": key.text + "\n", "client_id": "1"}
    return Secret("setting", json.dumps(document), key.parts)


def _webhook(rng: random.Random, url: str, length: int = 24) -> Secret:
    value = mixed(rng, length)
    return Secret("setting", url.replace("|", "") + value, (value,))


def _crypt(rng: random.Random) -> Secret:
    value = draw(rng, BASE62, 86)
    return Secret(
        "setting", f"root:$6${draw(rng, BASE62, 16)}${value}:19000:0:99999:7:::", (value,)
    )


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _quoted(text: str, times: int = 1) -> str:
    for _ in range(times):
        text = json.dumps(text)
    return text


Context = Callable[[Secret], str]

# Contexts of any text, and those that show a name and a value.
ANY_CONTEXTS: dict[str, Context] = {
    "assignment": lambda s: f"{s.name} = {_quoted(s.text)}\n",
    "json": lambda s: json.dumps({"id": 7, s.name: s.text, "next": None}),
    "escaped json": lambda s: f"body = {_quoted(json.dumps({s.name: s.text, 'a': 1}))}\n",
    "doubly escaped json": lambda s: f"log = {_quoted(json.dumps({s.name: s.text}), 2)}\n",
    "python keyword": lambda s: f"    connect(host, {s.name}={s.text!r}, retry=True)\n",
    "comment": lambda s: "".join(f"# {line}\n" for line in f"{s.name}: {s.text}".split("\n")),
    "slash comment": lambda s: "".join(
        f"    // {line}\n" for line in f"left over {s.name}={s.text}".split("\n")
    ),
    "star comment": lambda s: (
        "/**\n" + "".join(f" * {line}\n" for line in f"{s.name}: {s.text}".split("\n")) + " */\n"
    ),
    "block": lambda s: f'CONFIG = """\n{s.name}={s.text}\n"""\n',
}
NAME_CONTEXTS: dict[str, Context] = {
    "export": lambda s: f"export {s.name.upper()}={s.text}\n",
    "yaml": lambda s: f"settings:\n  {s.name}: {s.text}\n  other: 1\n",
    "upper yaml": lambda s: f"env:\n  {s.name.upper()}: {s.text}\n",
    "header": lambda s: f'curl -H "{_dashed(s.name).title()}: {s.text}" https://example.com\n',
    "option": lambda s: f"tool run --{_dashed(s.name)}={s.text} --verbose\n",
    "option value": lambda s: f"tool run --{_dashed(s.name)} {s.text} --verbose\n",
    "query": lambda s: f'get("https://api.example.com/v1?{s.name}={s.text}&page=2")\n',
    "message": lambda s: f"ValueError: 401 for {s.name}={s.text}, retry later\n",
    "environ": lambda s: f'os.environ["{s.name.upper()}"] = "{s.text}"\n',
    "camel": lambda s: f"const {_camel(s.name)} = `{s.text}`;\n",
}
# Written before the rules were tuned and not used for it.
HELD_OUT_CONTEXTS: dict[str, Context] = {
    "xml": lambda s: f"<{s.name}>{s.text}</{s.name}>\n",
    "toml": lambda s: f"[auth]\n{s.name}   =   '{s.text}'\n",
    "pair": lambda s: f'pairs = [("{s.name}", "{s.text}"), ("x", "y")]\n',
    "docker env": lambda s: f"ENV {s.name.upper()} {s.text}\n",
    "setenv": lambda s: f'monkeypatch.setenv("{s.name.upper()}", "{s.text}")\n',
    "ruby": lambda s: f'config = {{ :{s.name} => "{s.text}" }}\n',
    "attribute": lambda s: f'<add key="{s.name}" value="{s.text}" />\n',
    "type hint": lambda s: f'    {s.name}: str = "{s.text}"\n',
    "go": lambda s: f'\t{s.name} := "{s.text}"\n',
    "crlf": lambda s: f"[a]\r\n{s.name}: {s.text}\r\n",
    "error repr": lambda s: f"KeyError({ {'user': 'bob', s.name: s.text}!r})\n",
    "compare": lambda s: f'assert config.{s.name} == "{s.text}"\n',
}


def planted(
    seed: int, *, held_out: bool = False, kinds: int | None = None, each: int = 1
) -> Iterator[Planted]:
    """Yields a secret of every kind in every context that can show it.

    Args:
        held_out: Only the contexts that were kept aside.
        kinds: A random selection of that many kinds; None for all.
        each: Secrets of a kind in each context.
    """
    rng = random.Random(seed)
    secrets: dict[str, tuple[bool, Callable[[random.Random], Secret]]] = {
        name: (True, _of_token(token)) for name, token in TOKENS.items()
    }
    secrets |= {name: (True, _of_name(*named)) for name, named in NAMED.items()}
    secrets |= {name: (False, text) for name, text in TEXTS.items()}
    names = list(secrets) if kinds is None else sorted(rng.sample(sorted(secrets), kinds))
    for kind in names:
        has_name, make = secrets[kind]
        contexts = HELD_OUT_CONTEXTS if held_out and has_name else {}
        if not held_out:
            contexts = ANY_CONTEXTS | (NAME_CONTEXTS if has_name else {})
        for context, show in contexts.items():
            for _ in range(each):
                secret = make(rng)
                yield Planted(kind, context, show(secret), secret.parts)


def _of_token(token: Draw) -> Callable[[random.Random], Secret]:
    def secret(rng: random.Random) -> Secret:
        value = token(rng)
        return Secret("setting", value, (value,))

    return secret


def _of_name(name: str, value_of: Draw) -> Callable[[random.Random], Secret]:
    def secret(rng: random.Random) -> Secret:
        value = value_of(rng)
        return Secret(name, value, (value,))

    return secret


def survivors(text: str, parts: tuple[str, ...]) -> list[str]:
    """Returns the parts of a secret of which twelve characters in a row are still in a text."""
    found = []
    for part in parts:
        piece = min(12, len(part))
        windows = range(0, len(part) - piece + 1)
        if any(part[start : start + piece] in text for start in windows):
            found.append(part)
    return found
