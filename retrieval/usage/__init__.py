"""Decides the trust in patterns and removes everything that came from a source.

``trust.py`` decides whether an agent may write a pattern (called by ``ingest/``) and whether its
uses prove it (called by the bank); ``erasure.py`` forgets a source. Both work on sessions of the
storage backend.
"""
