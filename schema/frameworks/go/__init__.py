"""Declares Go and its test frameworks; collected by ``declarations.py``."""
