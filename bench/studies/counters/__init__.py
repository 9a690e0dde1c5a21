"""Counts the tests of a repository without the library: the other side of ``extraction_counts``.

``python_counter.py`` reads Python with ``ast``, ``collected_tests.py`` asks a project's own pytest,
``babel_counter.py`` reads JavaScript and TypeScript with Babel (``babel_tests.mjs``).
"""
