"""Labels a test: its category and tags.

``category_rules.py`` is the table of evidence: change the categories there. ``category_choice.py``
collects the evidence of a test and weighs it; ``reached_code.py`` finds the helpers, fixtures and
base classes that the test reaches among those that ``file_definitions.py`` reads.
``pattern_tags.py`` derives the tags.
"""
