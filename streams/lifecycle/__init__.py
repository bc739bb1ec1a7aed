"""The lifecycle node: it carries out commands to start, stop, promote, roll back, pin or retrain a symbol's models."""
