"""Defines the errors that aqe raises about the state of the world, with the data to act on.

A caller's mistake (a wrong argument) is a ``ValueError`` or ``TypeError``. All other errors, with
their attributes:

    AqeError                        base of all; the command line prints its message, exit code 1
    ├── DatabaseError               .path            the file cannot be used
    │   ├── ClosedError             .path            the bank, engine or database was closed
    │   ├── DatabaseOpenError       .path            no database, no permission, network mount
    │   ├── DatabaseBusyError       .path            others held the lock past the deadline
    │   ├── DatabaseCorruptError    .path .found     it opens, but its content is damaged
    │   ├── DatabaseFullError       .path .free_bytes  no room on the disk, or page limit reached
    │   ├── DatabaseMovedError      .path            deleted, moved or replaced while it was open
    │   ├── DatabaseReadOnlyError   .path            a write to a read-only database
    │   └── SchemaVersionError      .path .expected .found  from a newer version or another program
    ├── EncoderError                .encoder .path   a model cannot be loaded or used
    │   └── EncoderMismatchError    .encoder .expected .found  the bank has another encoder
    ├── PatternNotFoundError        .id .version .candidates  no pattern, or no such version of it
    ├── InterchangeError            .path .position .expected .found  a malformed or too large file
    └── LearningError               .agent_id .process_id  the engine cannot do what was asked

An attribute whose value is unknown is None (``candidates``: empty). All are keyword arguments, and
all errors can be pickled.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .records.encoder_identity import EncoderIdentity

__all__ = [
    "AqeError",
    "ClosedError",
    "DatabaseBusyError",
    "DatabaseCorruptError",
    "DatabaseError",
    "DatabaseFullError",
    "DatabaseMovedError",
    "DatabaseOpenError",
    "DatabaseReadOnlyError",
    "EncoderError",
    "EncoderMismatchError",
    "InterchangeError",
    "LearningError",
    "PatternNotFoundError",
    "SchemaVersionError",
]


class AqeError(Exception):
    """Base of all errors about the state of the world; its message is one line."""


class DatabaseError(AqeError):
    """The database file cannot be used.

    Attributes:
        path: The file; None for a database in memory.
    """

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class ClosedError(DatabaseError):
    """The bank, engine or database was closed before; make a new object to go on."""


class DatabaseOpenError(DatabaseError):
    """The database file cannot be opened."""


class DatabaseBusyError(DatabaseError):
    """Other connections held the write lock past the deadline."""


class DatabaseCorruptError(DatabaseError):
    """The database opens, but its content is damaged.

    Attributes:
        path: The file.
        found: What SQLite or our own check reported.
    """

    def __init__(self, message: str, *, path: Path | None = None, found: str | None = None) -> None:
        super().__init__(message, path=path)
        self.found = found


class DatabaseFullError(DatabaseError):
    """There is no room left to write.

    Attributes:
        path: The file; None for a database in memory.
        free_bytes: What is free in its folder.
    """

    def __init__(
        self, message: str, *, path: Path | None = None, free_bytes: int | None = None
    ) -> None:
        super().__init__(message, path=path)
        self.free_bytes = free_bytes


class DatabaseMovedError(DatabaseError):
    """The file was deleted, moved or replaced while it was open."""


class DatabaseReadOnlyError(DatabaseError):
    """A write was asked of a read-only database."""


class SchemaVersionError(DatabaseError):
    """The database was written by a newer version of aqe, or by another program.

    Attributes:
        path: The file; None for a database in memory.
        expected: The newest schema version that this aqe knows.
        found: The schema version of the file; None where the tables are another program's.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        expected: int | None = None,
        found: int | None = None,
    ) -> None:
        super().__init__(message, path=path)
        self.expected = expected
        self.found = found


class EncoderError(AqeError):
    """An embedding model cannot be loaded or used.

    Attributes:
        encoder: Its name, as ``create_encoder`` takes it.
        path: The file or folder of the model that is at fault.
    """

    def __init__(
        self, message: str, *, encoder: str | None = None, path: Path | None = None
    ) -> None:
        super().__init__(message)
        self.encoder = encoder
        self.path = path


class EncoderMismatchError(EncoderError):
    """The bank was embedded with another encoder than the one given.

    Attributes:
        encoder: The name of the encoder given.
        expected: The identity that the bank was embedded with.
        found: The identity of the encoder given.
    """

    def __init__(
        self,
        message: str,
        *,
        expected: EncoderIdentity | None = None,
        found: EncoderIdentity | None = None,
    ) -> None:
        super().__init__(message, encoder=None if found is None else found.name)
        self.expected = expected
        self.found = found


class PatternNotFoundError(AqeError):
    """No pattern, or no version of a pattern, has the given id.

    Attributes:
        id: The id, or the beginning of one, that was asked for.
        version: The version that was asked for; None when the pattern itself is missing.
        candidates: The ids (for a version: the version numbers) that it could have been.
    """

    def __init__(
        self,
        message: str,
        *,
        id: str | None = None,
        version: int | None = None,
        candidates: tuple[str, ...] | tuple[int, ...] = (),
    ) -> None:
        super().__init__(message)
        self.id = id
        self.version = version
        self.candidates = candidates


class InterchangeError(AqeError):
    """A file to import or export is malformed, unsafe or over a limit.

    Attributes:
        path: The file or folder.
        position: Where in it, as ``line 3`` or ``pattern 7``.
        expected: What should be there: a limit, a type, a format.
        found: What is there.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        position: str | None = None,
        expected: str | int | None = None,
        found: str | int | None = None,
    ) -> None:
        super().__init__(message)
        self.path = path
        self.position = position
        self.expected = expected
        self.found = found


class LearningError(AqeError):
    """The learning engine cannot do what was asked of it.

    Attributes:
        agent_id: The agent that it concerns.
        process_id: The process that prevents it.
    """

    def __init__(
        self, message: str, *, agent_id: str | None = None, process_id: int | None = None
    ) -> None:
        super().__init__(message)
        self.agent_id = agent_id
        self.process_id = process_id
