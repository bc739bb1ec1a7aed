"""Models that learn: explicit numbers as state, River as the learner."""
