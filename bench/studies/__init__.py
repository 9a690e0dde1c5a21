"""Studies of the maintainers: run once to choose a constant or settle a question.

Not in the wheel. Each file says which result in ``bench/results/`` it wrote.
"""
