"""Monitoring: how good every model version is in windows of outcomes, findings that call for a retrain, and alerts."""
