"""Replaces literals of a test with named placeholders.

``placeholder_edits.py`` selects the literals, ``placeholder_names.py`` names them,
``literal_place.py`` describes their position.
Used by ``pattern_builder.py``, to turn the code of a test into a template.
"""
