"""Lists the places where a secret stands by the form of the text: key blocks, URLs, commands.

Each rule has a few literal needles; its expression runs only on text that contains one of them. The
group ``secret`` is removed; without one, the whole match. Every expression takes linear time: its
quantifiers are bounded, or over characters that what follows cannot match.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["SECRET_PLACES", "SecretPlace"]


class SecretPlace(NamedTuple):
    """A place of secrets: needles separated by blanks, expression, and what the value must be.

    Attributes:
        min_random: Number of characters from which the value must look random; 0 for any value.
    """

    kind: str
    needles: str
    pattern: str
    min_random: int = 0


# Between the base64 lines of a key: line ends, escaped or not, quotes, marks of comments, `+`.
_KEY_GAP = r"(?:\\+[nrt]|\\+(?=[\s\"'`])|[\s\"'`,;#*|>]|(?<=[\s])/{2,3}(?=\s)|\+(?=\s))*+"
_KEY_CHAR = r"(?:[A-Za-z0-9/=]|\\+/|\+(?!\s))"
_QUOTE = r"\\{0,16}[\"'`]"
# Between the words of a command, which may be a list of quoted words.
_BLANK = rf"(?:{_QUOTE}?,?[ \t]{{1,4}}{_QUOTE}?)"
_WORD = r"[^\s\"'`\\,$<>(){}|&;]"
_USER_INFO = r"[^\s\"'`/@:<>{}$()\\,\[\]]"

SECRET_PLACES: Final = (
    SecretPlace(
        # With or without its end: a truncated key still gives half of it away.
        "private-key",
        "PRIVATE",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        + _KEY_GAP
        + rf"(?:[A-Za-z-]{{1,20}}: [^\n\\]{{0,80}}{_KEY_GAP}){{0,4}}"
        + rf"(?:{_KEY_CHAR}{{16,}}+{_KEY_GAP}){{1,1000}}+"
        + rf"[A-Za-z0-9/+=]{{0,16}}{_KEY_GAP}"
        + r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    SecretPlace(
        "url-credentials",
        "://",
        rf"(?<=://)(?P<secret>{_USER_INFO}{{0,64}}:{_USER_INFO}{{3,128}})@(?=[\w\[])",
    ),
    SecretPlace(
        "url-credentials", "://", r"(?<=://)(?P<secret>[A-Za-z0-9_.~%+-]{16,256})@(?=[\w\[])", 16
    ),
    SecretPlace("azure-storage-key", "AccountKey=", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
    SecretPlace(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/"
        r"(?P<secret>[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9/]{16,})",
    ),
    SecretPlace(
        "discord-webhook",
        "/api/webhooks/",
        r"/api/webhooks/\d{17,20}/(?P<secret>[A-Za-z0-9_-]{60,72})",
    ),
    SecretPlace(
        "cookie",
        "ookie COOKIE",
        r"(?i:cookies?)[\"'\])\\]{0,4}\s{0,4}[:=,]\s{0,4}[^\n]{0,1024}",
    ),
    SecretPlace(
        "command-password",
        "curl wget http",
        rf"\b(?:curl|wget|https?)\b[^\n]{{0,200}}?\s{_QUOTE}?(?:-u|--user|--proxy-user|-a|--auth)(?:=|{_BLANK})"
        rf"(?:{_QUOTE})?[^\s:\"'`\\<>]{{0,64}}:(?P<secret>{_WORD}{{4,256}})",
    ),
    SecretPlace(
        "command-password",
        "sshpass",
        rf"\bsshpass{_BLANK}-p(?:{_BLANK})?(?P<secret>{_WORD}{{4,256}})",
    ),
    SecretPlace(
        "command-password",
        "login",
        rf"\blogin\b[^\n]{{0,200}}?\s{_QUOTE}?(?:-p|--password){_BLANK}(?P<secret>{_WORD}{{6,256}})",
    ),
    SecretPlace(
        "command-password",
        "mysql mariadb",
        rf"\b(?:mysql|mariadb)\w{{0,12}}\b[^\n]{{0,200}}?\s{_QUOTE}?-p(?P<secret>{_WORD}{{6,128}})",
    ),
    SecretPlace(
        "command-password",
        "redis-cli",
        rf"\bredis-cli\b[^\n]{{0,200}}?\s{_QUOTE}?-a{_BLANK}(?P<secret>{_WORD}{{6,256}})",
    ),
    SecretPlace(
        "pgpass-password",
        ":5432: :5433: :6432: :5439:",
        r":(?:5432|5433|6432|5439):[\w*-]{1,64}:[\w*-]{1,64}:(?P<secret>[^\s\"'`\\:<>]{8,256})",
    ),
    SecretPlace(
        "password-hash",
        "$",
        r"\$(?:apr1|1|2[abxy]|5|6|y|argon2id?|argon2d|scrypt)\$(?P<secret>[A-Za-z0-9./$=,+]{20,256})",
        20,
    ),
)
