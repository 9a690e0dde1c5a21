"""Scores patterns: four components from the code, a fifth from recorded uses.

``code_measures.py`` measures the syntax tree, ``score.py`` combines the components,
``success_bound.py`` computes evidence and adds the success rate, ``scored_pattern.py`` pairs a
pattern with its score. Before it: ``extraction/``. After it: ``ingest/`` writes the score.
"""
