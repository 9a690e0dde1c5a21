"""Manages the database as a file among files: copies, replaces and salvages it, keeps its logs.

``private_file.py`` writes what holds the bank's content, ``side_files.py`` knows the log and its
kin, ``file_replacement.py`` puts a complete file in the place of another. ``backup.py`` and
``salvage.py`` build on them. ``file_creation.py`` creates the file, ``foreign_file.py`` recognises
those of other programs.
"""
