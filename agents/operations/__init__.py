"""What an operator does with a running system: start it, examine it, verify its results, replay ticks, recompute."""
