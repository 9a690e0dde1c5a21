"""The error tree: drawn in the docstring, data as attributes, whole after pickling."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from aqe.schema import (
    AqeError,
    DatabaseCorruptError,
    DatabaseFullError,
    DatabaseOpenError,
    EncoderError,
    EncoderIdentity,
    EncoderMismatchError,
    InterchangeError,
    LearningError,
    PatternNotFoundError,
    SchemaVersionError,
    errors,
)

PATH = Path("bank.db")
OLD, NEW = EncoderIdentity("hashing", 384, "1"), EncoderIdentity("hashing:64", 64, "1")
FILLED = (
    DatabaseOpenError("m", path=PATH),
    DatabaseCorruptError("m", path=PATH, found="page 3"),
    DatabaseFullError("m", path=PATH, free_bytes=7),
    SchemaVersionError("m", path=PATH, expected=4, found=9),
    EncoderError("m", encoder="hashing", path=PATH),
    EncoderMismatchError("m", expected=OLD, found=NEW),
    PatternNotFoundError("m", id="ab", version=3, candidates=("ab1", "ab2")),
    InterchangeError("m", path=PATH, position="line 3", expected=10, found=11),
    LearningError("m", agent_id="tester", process_id=12),
)
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind is not Path]


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = {
        line.split("── ")[1].split()[0] for line in errors.__doc__.splitlines() if "── " in line
    }
    assert drawn == {kind.__name__ for kind in CLASSES} - {"AqeError"}


@pytest.mark.parametrize("kind", CLASSES)
def test_a_message_is_enough_and_data_is_given_by_name(kind: type[AqeError]) -> None:
    assert str(kind("what happened")) == "what happened"
    if kind is not AqeError:
        with pytest.raises(TypeError):
            kind("what happened", "data")


@pytest.mark.parametrize("error", FILLED, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_after_pickling(error: AqeError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert None not in [value for name, value in vars(again).items() if name != "path"]
