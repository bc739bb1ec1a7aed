"""The market node: predicts the next price move of a symbol at each of its ticks, and learns from the outcomes."""
