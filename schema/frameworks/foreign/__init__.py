"""Declares the tests of languages that are not read; collected by ``declarations.py``."""
