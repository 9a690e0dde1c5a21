"""Scores patterns: four components from the code, the fifth from recorded uses.

``code_measures.py`` counts in the syntax tree, ``score.py`` combines the components,
``success_bound.py`` bounds the success rate by evidence, ``scored_pattern.py`` carries a score from
extraction to storing. Before it: ``extraction/``. After it: ``ingest/`` writes the score.
"""
