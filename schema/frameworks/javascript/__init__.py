"""Declares JavaScript, TypeScript and their test frameworks; collected by ``declarations.py``."""
