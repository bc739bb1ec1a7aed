"""The tests and their parts: numbers in, evidence out. They know neither pairs nor arms."""
