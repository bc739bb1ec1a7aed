"""Scores of forecasts: log-loss, Brier score, skill, calibration and intervals; and baselines to compare them with."""
