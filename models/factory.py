"""Creates an encoder from its name, as given in settings and stored in the database."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ..schema import EncoderError
from ..schema.records.validation import require_text
from .encoder import Encoder
from .hashing import HASHING_NAME, HashingEncoder
from .minilm import MINILM_NAME, MiniLMEncoder
from .sentence_transformer import SentenceTransformerEncoder

__all__ = [
    "DEFAULT_ENCODER",
    "ENTRY_POINTS",
    "create_encoder",
    "encoder_named",
    "register_encoder",
]

DEFAULT_ENCODER: Final = MINILM_NAME
# The group in which an installed distribution names its encoders.
ENTRY_POINTS: Final = "aqe.encoders"

_ATTRIBUTE = re.compile(r"(?P<module>\w+(?:\.\w+)*):(?P<attribute>\w+(?:\.\w+)*)")
_registered: dict[str, Callable[[], Encoder]] = {}


def register_encoder(name: str, factory: Callable[[], Encoder]) -> None:
    """Makes an encoder known in this process, so that banks embedded with it can be opened.

    Args:
        name: The ``name`` of the encoder. A second registration replaces the first.
        factory: Returns the encoder; a class will do.

    Raises:
        TypeError: ``name`` is not text, or ``factory`` cannot be called.
        ValueError: The name is empty, or that of an encoder of aqe.
    """
    _require_name(name)
    if not callable(factory):
        raise TypeError(f"factory must be a function or class, got {type(factory).__name__}")
    if name == DEFAULT_ENCODER or name.partition(":")[0] == HASHING_NAME:
        raise ValueError(f"{name!r} is an encoder of aqe; register yours under another name")
    _registered[name] = factory


def create_encoder(spec: str = DEFAULT_ENCODER) -> Encoder:
    """Returns the encoder with that name; its model is loaded on first use.

    Args:
        spec: ``aqe-minilm-tests``, ``hashing``, ``hashing:DIM``, a registered name, one that an
            installed distribution has in the entry-point group ``aqe.encoders``,
            ``module:attribute``, or the name or folder of a sentence-transformers model. The
            ``name`` of an encoder is such a spec.

    Raises:
        TypeError: The spec is not text.
        ValueError: The spec is empty, or DIM is not a whole number from 8 to 8192.
        EncoderError: There is no such encoder, or it cannot be made.
    """
    _require_name(spec)
    found = _ATTRIBUTE.fullmatch(spec)
    is_known = spec in _registered or spec.startswith(f"{HASHING_NAME}:") or Path(spec).exists()
    if found is None or is_known:
        return encoder_named(spec)
    return _made(spec, _attribute(spec, found["module"], found["attribute"]))


def encoder_named(name: str) -> Encoder:
    """Returns the encoder with the name that a bank has stored.

    As ``create_encoder``, but imports no module that the name asks for: the bank may come from
    somebody else.

    Raises:
        ValueError: DIM of a ``hashing:DIM`` is not a whole number from 8 to 8192.
        EncoderError: There is no such encoder, or it cannot be made.
    """
    if name == DEFAULT_ENCODER:
        return MiniLMEncoder()
    kind, colon, dimension = name.partition(":")
    if kind == HASHING_NAME:
        return HashingEncoder(_whole_number(dimension, name)) if colon else HashingEncoder()
    factory = _registered.get(name) or _installed(name)
    if factory is not None:
        return _made(name, factory)
    if find_spec("sentence_transformers") is None:
        raise EncoderError(
            f"there is no encoder {name!r}: register it with register_encoder or the entry-point"
            f" group {ENTRY_POINTS}, or give it with --encoder MODULE:ATTRIBUTE; a model of"
            " sentence-transformers needs: pip install 'aqe[embed]'",
            encoder=name,
        )
    return SentenceTransformerEncoder(name)


def _require_name(name: str) -> None:
    """Refuses what is no name of an encoder.

    Raises:
        ValueError: It is empty.
    """
    require_text("the name of an encoder", name)
    if not name.strip():
        raise ValueError(f"the name of an encoder must not be empty, e.g. {DEFAULT_ENCODER!r}")


def _installed(name: str) -> Any:
    """Returns what an entry point has under this name; None if there is none.

    Raises:
        EncoderError: It cannot be imported.
    """
    from importlib.metadata import entry_points  # 20 ms that aqe's own encoders do not need

    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            return point.load()
        except (ImportError, AttributeError) as error:
            raise EncoderError(
                f"the entry point of encoder {name!r} ({point.value}) cannot be loaded: {error}",
                encoder=name,
            ) from error
    return None


def _attribute(spec: str, module: str, attribute: str) -> Any:
    """Returns an attribute of a module that is imported.

    Raises:
        EncoderError: There is none.
    """
    try:
        found: Any = import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise EncoderError(
            f"expected MODULE:ATTRIBUTE of an encoder that can be imported, got {spec!r}: {error}",
            encoder=spec,
        ) from error
    return found


def _made(spec: str, given: Any) -> Encoder:
    """Returns an encoder, or the one that a class or function makes.

    Raises:
        EncoderError: It is no encoder.
    """
    is_encoder = hasattr(given, "encode_query") and not isinstance(given, type)
    encoder: Encoder = given if is_encoder or not callable(given) else given()
    missing = [
        name
        for name in ("name", "dimension", "revision", "encode", "encode_query")
        if not hasattr(encoder, name)
    ]
    if missing:
        raise EncoderError(
            f"encoder {spec!r} must have {', '.join(missing)}, got a {type(encoder).__name__}"
            " without",
            encoder=spec,
        )
    return encoder


def _whole_number(text: str, spec: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"expected hashing:DIM with a whole number, got {spec!r}")
    return int(text)
