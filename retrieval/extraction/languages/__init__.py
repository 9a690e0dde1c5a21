"""Finds tests and imports in a syntax tree, in files named after the language.

``python_tests.py`` and ``javascript_tests.py`` return found tests; ``python_imports.py`` and
``javascript_imports.py`` return what a file imports; ``javascript_calls.py`` knows the names of
test functions. JavaScript includes TypeScript.
Used by ``file_extraction.py``, after a file is parsed.
"""
