"""Stores what was learned in an SQLite database.

``learning_backend.py`` opens transactions; each other file holds the queries on a group of tables.
"""
