"""Turns Q-values into a choice: an action, a recommendation, a remedy after a failure.

Reads what ``q_learning/`` learned and the records of success and failure; writes nothing.
"""
