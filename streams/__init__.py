"""Everything that computes: pure, synchronous, deterministic operators over event time."""

from streams.engine import compiled, former_places

compiled.use()
former_places.use()
