"""What a track record is worth: figures of an account, each with its uncertainty; a file for each idea."""
