"""The error tree: everything aqe raises about the state of the world.

A caller's mistake (a wrong argument) is a ``ValueError`` or ``TypeError``. The rest:

    AqeError                        base of all; the command line prints its message, exit code 1
    ├── DatabaseError               the database file cannot be used
    │   ├── DatabaseOpenError       it cannot be opened: no database, no permission, network mount
    │   ├── DatabaseBusyError       others held the write lock past the deadline
    │   ├── DatabaseCorruptError    it opens, but its content is damaged
    │   ├── DatabaseFullError       no room left on the disk (or within the page limit)
    │   ├── DatabaseReadOnlyError   a write was asked of a read-only database
    │   └── SchemaVersionError      made by a newer version, or by another program
    ├── EncoderError                an embedding model cannot be loaded or used
    │   └── EncoderMismatchError    the bank was embedded with another encoder
    ├── PatternNotFoundError        no pattern (or no version of it) has this id
    ├── InterchangeError            a file to import or export is malformed or over a limit
    └── LearningError               the learning engine cannot do what was asked
"""

from __future__ import annotations


class AqeError(Exception):
    """Base of all errors about the state of the world; its message is one line."""


class DatabaseError(AqeError):
    """The database file cannot be used."""


class DatabaseOpenError(DatabaseError):
    """The database file cannot be opened."""


class DatabaseBusyError(DatabaseError):
    """Other connections held the write lock past the deadline."""


class DatabaseCorruptError(DatabaseError):
    """The database opens, but its content is damaged."""


class DatabaseFullError(DatabaseError):
    """There is no room left to write."""


class DatabaseReadOnlyError(DatabaseError):
    """A write was asked of a read-only database."""


class SchemaVersionError(DatabaseError):
    """The database was made by a newer version of aqe, or by another program."""


class EncoderError(AqeError):
    """An embedding model cannot be loaded or used."""


class EncoderMismatchError(EncoderError):
    """The bank was embedded with another encoder than the one given."""


class PatternNotFoundError(AqeError):
    """No pattern, or no version of a pattern, has the given id."""


class InterchangeError(AqeError):
    """A file to import or export is malformed, unsafe or over a limit."""


class LearningError(AqeError):
    """The learning engine cannot do what was asked of it."""
