"""Finds tests and imports in a syntax tree, in files named after the language.

``python_tests.py`` and ``javascript_tests.py`` return found tests; ``python_imports.py`` and
``javascript_imports.py`` return what a file imports. ``python_scopes.py`` knows what is collected,
``javascript_calls.py`` the names of test functions. JavaScript includes TypeScript.
Used by ``file_extraction.py``, after a file is parsed.
"""
