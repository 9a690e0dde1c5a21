"""Manages the database as a file among files: copies, replaces and salvages it.

``backup.py`` copies it and puts copies in its place, ``salvage.py`` copies what is readable of a
damaged one.
"""
