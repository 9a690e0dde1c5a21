"""Collects what a test reaches outside its own code, so that its pattern can be used as it is.

``code_module.py`` reads a file as units (statements with the names they define) and their name uses
(``name_uses.py``), ``context_reach.py`` follows the names of a test through them, and
``context_parts.py`` writes what was reached as the parts of a pattern's context.
"""
