"""Patterns to and from files: JSON, JSONL, YAML, and a registry folder for git."""
