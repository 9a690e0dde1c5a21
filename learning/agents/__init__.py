"""Runs tasks as agents that learn: the base class with its hooks, and the eighteen roles.

The outermost step of the learning half: an agent takes a bank and an engine through its
constructor, asks both before a task and reports the outcome to both.
"""
