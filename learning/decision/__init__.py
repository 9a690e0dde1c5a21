"""From Q-values to a choice: which action to take, what to recommend, what helps after a failure.

Reads what ``q_learning/`` learned and what the records of success and failure say; writes nothing.
"""
