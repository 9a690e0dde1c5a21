"""Moves patterns to and from files: JSON, JSONL, YAML, and a registry folder for git.

``formats.py`` encodes and decodes with limits on size; ``registry.py`` keeps a file per pattern.
After it: ``ingest/`` stores what was read, redacted and scored like any pattern from outside.
"""
