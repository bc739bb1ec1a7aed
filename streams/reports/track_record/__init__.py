"""Track record: figures of an account, each with its uncertainty; a file for each."""
