"""Looks after an installation and its bank: ``aqe doctor`` and ``aqe memory``."""
