"""Ranks: from a query to matches, by candidates of both legs, fusion, rules, reasons.

``search.py`` is the whole flow on one page. It asks the storage backend for candidates and needs
nothing of how they are found. The bank caches its answers.
"""
