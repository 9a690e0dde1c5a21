"""The seam between the bank and a database.

``sqlite/`` is the backend that is used; all SQL of the bank is in it.
"""
