"""Replaces secrets in text before it is stored; both halves use it.

``redaction.py`` finds and replaces them by the rules of ``secret_rules.py``. Imports nothing of
ours, so that records may redact their own texts.
"""
