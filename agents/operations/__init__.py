"""What an operator does with a running system: start and examine it, verify its results, replay ticks, recompute."""
