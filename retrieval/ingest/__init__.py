"""Stores patterns: redacts, scores, embeds, versions and writes them.

``preparation.py`` gets one pattern ready, ``writer.py`` embeds a batch and writes it in one
transaction, ``pipeline.py`` keeps the encoder busy over many batches, ``reindex.py`` rebuilds
derived data. Before it: ``extraction/`` or ``exchange/``; after it: ``ranking/``.
"""
