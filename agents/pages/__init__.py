"""Pages that people look at: figures, and the one file that holds a whole report."""
