"""Decides who may write a pattern and what its uses prove; removes what somebody wrote.

``trust.py`` is asked by ``ingest/`` before a write and by the bank after a use, ``erasure.py``
forgets a source. Both work on sessions of the storage backend.
"""
