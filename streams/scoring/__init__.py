"""How good a forecast was: log-loss, Brier, skill, calibration, intervals and baselines, each in one place."""
