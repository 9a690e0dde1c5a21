"""From patterns to rows: redact, score, embed, version, write.

``preparation.py`` gets one pattern ready, ``writer.py`` writes a batch in one transaction,
``pipeline.py`` keeps the encoder busy over many batches, ``reindex.py`` rebuilds derived data.
Before it: ``extraction/`` or ``exchange/``. After it: ``ranking/`` finds what was written.
"""
