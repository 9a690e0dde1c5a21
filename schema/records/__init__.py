"""Defines the stored values as immutable records that validate themselves on creation.

Whatever enters or leaves the product does so as one of these records. They import only each other;
``validation.py`` has the checks that they share.
"""
