"""Decides the trust in patterns, forgets sources and counts uses.

``trust.py`` decides whether an agent may write a pattern (called by ``ingest/``) and whether its
uses prove it (called by the bank); ``erasure.py`` forgets a source; ``activity.py`` counts
what is used. All work on sessions of the storage backend.
"""
