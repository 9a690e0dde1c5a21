"""Reads and writes files of patterns: JSON, JSONL, YAML, and a registry folder for git.

``formats.py`` encodes and decodes with limits on size; ``registry.py`` writes a file per
pattern. After it: ``ingest/`` redacts, scores and stores what was read.
"""
