"""Track record of a paper account: its figures, each with its uncertainty.

Each module has one figure or one family of figures.
"""
