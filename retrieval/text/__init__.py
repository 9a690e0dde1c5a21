"""Text as the bank sees it: tokens, the text of a pattern, near-duplicates, secrets, syntax trees.

The bottom of the retrieval half: used by every step above it, knows none of them.
"""
