"""Holds the numbered SQL files ``NNNN_name.sql``: all DDL of the database, in order.

``column_types`` is the function that the eighth of them uses.
"""
