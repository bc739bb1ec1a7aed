"""Monitoring: accuracy windows of every version, breaches that call for a retrain, and alerts."""
