"""Manages the database file: locates, opens, upgrades, checks, backs up and salvages it.

``location.py`` finds it; ``database.py`` opens it and runs transactions, on connections that
``connection.py`` sets up with one function for each setting (``connection_settings.py``);
``migrate.py`` upgrades it. Nothing here knows a pattern or an experience: the contents of the
tables belong to ``retrieval`` and ``learning``.
"""
