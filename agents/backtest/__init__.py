"""Backtests of long files: each in a folder of its own, on several processes, resumable after a stop."""
