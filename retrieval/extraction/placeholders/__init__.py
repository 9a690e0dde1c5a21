"""Replaces literals of a test with named placeholders.

``placeholder_edits.py`` is the flow: ``literal_sites.py`` finds the literals, ``literal_groups.py``
decides which share a placeholder and which must stay, ``literal_sense.py`` says what each is, by
its call (``argument_name.py``) or by what it is compared with (``compared_subject.py``).
Used by ``pattern_builder.py``, to turn the code of a test into a template.
"""
