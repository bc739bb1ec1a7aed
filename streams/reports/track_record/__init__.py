"""Track record of a paper account: its figures, each with its uncertainty; one figure or family of figures a file."""
