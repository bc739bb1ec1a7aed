"""Accuracy windows of every version, and what calls for a retrain: a statistic that is not fooled by overlap."""
