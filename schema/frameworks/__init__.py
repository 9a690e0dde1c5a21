"""Declares the languages and test frameworks that are known, each in a file of its own.

A folder per family of languages has one file for each language and framework; ``foreign/`` names
those that are only counted. ``declarations.py`` collects them on first use; the two
``*_declaration.py`` say what a declaration holds. ``records/`` checks names against them, and
``retrieval/extraction/`` reads test files by them.
"""
