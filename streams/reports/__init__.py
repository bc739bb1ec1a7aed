"""Reports on runs: the track record of an account, the prequential table, the summary of a backtest."""
