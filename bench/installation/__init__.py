"""Measures an installation: what it takes, and how long commands take to start.

``install_size.py`` counts packages and bytes, ``cold_start.py`` times commands in a process of
their own. It imports ``workload``.
"""
