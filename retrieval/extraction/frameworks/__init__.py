"""Detects the framework that a test is written for.

``framework_detection.py`` weighs the evidence of one file by the declarations in
``schema/frameworks/``: add a framework there.
Used by ``file_extraction.py``, after a file is parsed.
"""
