"""Reads text for every step: tokens, texts of a pattern, near-duplicates, secrets, syntax trees.

``tokens.py`` and ``pattern_text.py`` serve search and both indexes, ``minhash.py`` grouping,
``redaction.py`` everything that is stored, ``syntax_tree.py`` extraction and quality.
The bottom of the retrieval half: it imports no other step.
"""
