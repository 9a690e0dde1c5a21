"""Declares Python and its test frameworks; collected by ``declarations.py``."""
