"""Processes text for all steps: tokens, pattern texts, near-duplicates, syntax trees.

``tokens.py`` and ``pattern_text.py`` serve search and both indexes, ``minhash.py`` grouping,
``syntax_tree.py`` extraction and quality.
The lowest folder of retrieval: it imports no other step.
"""
