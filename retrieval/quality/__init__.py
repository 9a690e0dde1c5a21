"""Scores of a pattern: five components from its code, success from its recorded uses.

``score.py`` combines them, ``code_measures.py`` reads the syntax tree, ``success_bound.py`` says
how much recorded use proves.
"""
