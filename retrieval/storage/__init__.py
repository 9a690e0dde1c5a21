"""Stores banks behind a protocol that every storage backend implements.

``backend.py`` is the protocol, ``storage_values.py`` and ``use_summary.py`` define the values that
pass through it, ``sqlite/`` is the only backend so far. ``ingest/`` and ``usage/`` write
through it, ``ranking/`` reads through it; all SQL of the bank is inside the backend.
"""
