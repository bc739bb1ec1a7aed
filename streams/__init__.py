"""Everything that computes: pure, synchronous, deterministic operators over event time."""
