"""Runs tasks as agents that learn: the base class with its hooks, and the eighteen roles.

The last step of the learning half: an agent gets a bank and an engine through its constructor,
consults both before a task and reports the outcome to both.
"""
