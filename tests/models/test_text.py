import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.models import split_identifiers
from aqe.models.text import as_texts, bounded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loginUser", "login User"),
        ("HTTPServer", "HTTP Server"),
        ("parseHTTPResponse_v2", "parse HTTP Response v2"),
        ("test_login_user", "test login user"),
        ("sha256Digest", "sha256 Digest"),
        ("v2", "v2"),
        ("ABC", "ABC"),
        ("", ""),
        ("__init__", "  init  "),
        ("größeÄndern", "größeÄndern"),
    ],
)
def test_split_identifiers_follows_the_model_card(text: str, expected: str) -> None:
    assert split_identifiers(text) == expected


@given(st.text(max_size=200))
def test_split_identifiers_adds_spaces_only_and_is_idempotent(text: str) -> None:
    split = split_identifiers(text)
    assert split.replace(" ", "") == text.replace("_", "").replace(" ", "")
    assert split_identifiers(split) == split


@given(st.text(st.characters(codec=None), max_size=50), st.integers(0, 60))
def test_bounded_gives_valid_utf8_of_bounded_length(text: str, limit: int) -> None:
    cut = bounded(text, limit)
    assert len(cut) == min(len(text), limit)
    cut.encode("utf-8")


def test_bounded_replaces_lone_surrogates_only() -> None:
    assert bounded("é\ud800\udcff\0", 10) == "é??\0"


@pytest.mark.parametrize("texts", ["one text", b"bytes", 3, None, ["ok", 3], {"a"}])
def test_as_texts_refuses_what_is_no_sequence_of_texts(texts: object) -> None:
    with pytest.raises(TypeError, match="must be a"):
        as_texts(texts)  # type: ignore[arg-type]
