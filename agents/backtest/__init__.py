"""Backtests of long files: in folders, in processes, stoppable and gone on with."""
