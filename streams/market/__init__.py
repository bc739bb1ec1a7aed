"""The market node: predicts the next price move of each symbol at each tick, and learns from the outcomes."""
