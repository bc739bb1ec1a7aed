"""Monitoring: scores of every model version over windows of outcomes, findings that call for a retrain, and alerts."""
