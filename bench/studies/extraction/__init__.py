"""Measures the extraction of real repositories: what is found, labelled and usable."""
