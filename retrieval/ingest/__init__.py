"""Stores patterns: redact, score, embed, version, write.

``preparation.py`` gets one pattern ready, ``embedding_batch.py`` embeds, ``writer.py`` writes a
batch in one transaction, ``pipeline.py`` keeps the encoder busy over many batches, ``reindex.py``
rebuilds derived data. Before it: ``extraction/`` or ``exchange/``; after it: ``ranking/``.
"""
