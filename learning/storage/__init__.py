"""The seam between the learning engine and a database.

``sqlite/`` is the backend that is used; all SQL of learning is in it.
"""
