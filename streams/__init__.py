"""Everything that computes: pure, synchronous, deterministic operators over event time."""

from streams.engine import compiled

compiled.use()
