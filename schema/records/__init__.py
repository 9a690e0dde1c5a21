"""What is stored, as immutable values that are checked when they are made.

Everything that enters the product becomes one of these records first, whichever door it came
through; everything that leaves it is one of them again. They import nothing of ours but each other.
"""
