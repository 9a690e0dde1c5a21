"""Folds experiences into Q-values, in the same order in every process.

``history_fold.py`` keeps a learner in step with the stored history, ``q_learner.py`` applies one
experience, ``update_rules.py`` holds the formulas. Next: ``decision/`` reads the Q-values.
"""
