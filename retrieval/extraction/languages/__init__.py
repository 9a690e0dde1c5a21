"""Finds tests and imports in a syntax tree, two files for each language.

``python_tests.py`` and ``javascript_tests.py`` return found tests; ``python_imports.py`` and
``javascript_imports.py`` return what a file imports. JavaScript stands for TypeScript too.
Used by ``file_extraction.py``, after a file is parsed.
"""
