"""Scores of forecasts (log-loss, Brier score, skill, calibration, intervals), and baselines for comparison."""
