"""Holds the numbered SQL files ``NNNN_name.sql``: all DDL of the database, in order."""
