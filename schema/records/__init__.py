"""Defines what is stored, as immutable values that are checked when they are created.

Everything that enters the product becomes one of these records first, whichever door it came
through, and everything that leaves it is one of them again. They import only each other;
``validation.py`` has the checks that they share.
"""
