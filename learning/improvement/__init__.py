"""The improvement cycle: consolidates what was learned, in the background or on command.

``cycle.py`` runs the stages, ``loop.py`` repeats it, the other files are one stage each.
"""
