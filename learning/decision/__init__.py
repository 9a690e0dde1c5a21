"""Turns Q-values into a choice: an action, a recommendation, a remedy after a failure.

Reads the Q-values of ``q_learning/`` and the strategy and failure records; writes nothing.
"""
