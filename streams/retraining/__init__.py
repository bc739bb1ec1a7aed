"""Retraining: from labels to a candidate by purged split, fit and gates, with one result for each job."""
