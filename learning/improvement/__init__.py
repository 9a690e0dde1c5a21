"""Consolidates what was learned in improvement cycles, in the background or on command.

``cycle.py`` runs the stages, ``loop.py`` repeats it, the other files are one stage each.
"""
