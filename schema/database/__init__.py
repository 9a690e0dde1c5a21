"""The database file: where it is, how it is opened, upgraded, backed up, checked and salvaged.

One opener with one setting for each promise (``connection.py``), transactions and their retries
(``database.py``), migrations (``migrate.py``). What the tables mean is decided by the halves above,
``retrieval`` and ``learning``; nothing here knows a pattern or an experience.
"""
