"""Stores what was learned, behind a protocol that every backend implements.

``backend.py`` is the protocol with its promises, ``learning_rows.py`` the rows that pass through
it, ``sqlite/`` the backend that is used; all SQL of learning is in there.
"""
