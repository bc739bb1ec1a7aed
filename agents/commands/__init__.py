"""Builds, signs and sends commands, which ask for changes to the model versions of a symbol."""
