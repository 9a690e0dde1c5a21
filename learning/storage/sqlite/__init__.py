"""The SQLite backend of the learning engine: one file for each table or group of tables.

``store.py`` opens transactions; what it gives are the rows of one transaction.
"""
