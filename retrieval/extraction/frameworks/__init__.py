"""Detects the framework that a test is written for.

``framework_clues.py`` lists the clues to each framework: add a framework there.
``framework_detection.py`` weighs the clues of one file.
Used by ``file_extraction.py``, after a file is parsed.
"""
