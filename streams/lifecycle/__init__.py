"""Which variants of a symbol run and which one is live, by command: the only way to a directive."""
