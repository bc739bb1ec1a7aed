"""Verification: computes from the log of ticks the records that must be on the topics, and compares their bytes."""
