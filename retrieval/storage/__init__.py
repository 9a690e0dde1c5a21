"""Defines the seam between the bank and a database.

``backend.py`` says what a backend must do, ``storage_values.py`` and ``use_summary.py`` hold the
values that pass through, ``sqlite/`` is the backend of today. ``ingest/`` and ``usage/`` write
through it, ``ranking/`` reads through it; all SQL of the bank is inside the backend.
"""
