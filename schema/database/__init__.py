"""Keeps the database file: where it is, how it is opened, upgraded, backed up and salvaged.

``location.py`` finds it; ``database.py`` opens it and runs transactions, on connections that
``connection.py`` sets up with one function for each setting (``connection_settings.py``);
``migrate.py`` upgrades it. What the tables mean is decided by the halves above, ``retrieval`` and
``learning``: nothing here knows a pattern or an experience.
"""
