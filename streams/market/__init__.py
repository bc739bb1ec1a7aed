"""The market node: one tick through admission, features, opinions, confidence and size, and labels back into it."""
