"""Retraining: fits a new model to outcomes, tests it on held-out outcomes, and returns one result for each job."""
