"""Everything that computes: pure, synchronous, deterministic operators over event time."""

from streams import compiled

compiled.use()
