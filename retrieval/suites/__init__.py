"""Brings a bank in line with test suites on disk: what is new, changed, moved and gone.

``suite_extraction.py`` has the flow: it reads the tests (``extraction/``), stores them
(``ingest/``), and then settles what the bank knows and the suites no longer have:
``vanished_tests.py`` finds it, ``successors.py`` finds tests that were only renamed or moved.
``project_claims.py`` finds the bank's name of each project, ``suite_report.py`` is the result.
"""
