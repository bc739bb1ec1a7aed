"""What is recorded about matured predictions: one outcome in, figures beside the baselines out, in bounded state."""
