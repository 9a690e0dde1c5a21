"""Turns a query into ranked matches: candidates, fusion, rules, grouping, reasons.

``search.py`` has the whole flow on one page. It gets its candidates from the storage backend
(``storage/``), whatever the backend's indexes are; the bank caches the answers.
"""
