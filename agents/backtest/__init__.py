"""Backtests of files of ticks. Each writes to a folder, runs on several processes, and can be resumed after a stop."""
