"""Helpers for processes: background tasks, process pools, log files, waiting, errors of the operating system."""
