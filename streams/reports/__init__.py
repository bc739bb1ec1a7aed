"""What a run comes to: the track record of its account, the prequential table, the summary of a backtest."""
