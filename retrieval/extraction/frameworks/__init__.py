"""Names the framework that a test is written for, and how certain that is.

``framework_clues.py`` lists what gives each framework away: add a framework there.
``framework_detection.py`` weighs the clues of one file.
Used by ``file_extraction.py``, after a file is parsed.
"""
