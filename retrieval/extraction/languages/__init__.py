"""Finds tests and imports in a syntax tree, by the rules of its language.

``python_tests.py`` and ``javascript_tests.py`` return found tests; ``python_imports.py`` and
``javascript_imports.py`` return what a file imports. ``python_scopes.py`` finds the classes whose
tests run, ``javascript_calls.py`` reads calls of test functions. JavaScript includes TypeScript.
Used by ``file_extraction.py``, after a file is parsed.
"""
