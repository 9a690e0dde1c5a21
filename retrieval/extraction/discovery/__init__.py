"""Finds test files, and the project that each belongs to.

``file_discovery.py`` walks folders, by the settings of the projects' runners
(``pytest_settings.py``, ``runner_globs.py``) and without what git ignores (``ignored_files.py``);
``project_root.py`` finds the project of a file. After it: ``file_extraction.py`` reads each file.
"""
