"""Scores of forecasts: log-loss, Brier, skill, calibration, intervals and baselines, each in one place."""
