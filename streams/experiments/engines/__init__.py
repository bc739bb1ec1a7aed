"""Statistical tests and their parts: numbers in, evidence out; independent of pairs and arms."""
