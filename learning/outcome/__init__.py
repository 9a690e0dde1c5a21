"""Turns the outcome of a task into an experience: the first step of learning.

The keys of state and action (``keys.py``), the reward (``reward.py``), the kind of a failure
(``failure_kind.py``), and the record that is appended to the history (``experience.py``).
Next: ``q_learning/`` folds the experiences into Q-values.
"""
