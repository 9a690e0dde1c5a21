"""Declares Java and its test frameworks; collected by ``declarations.py``."""
