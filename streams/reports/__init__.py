"""Reports on runs: track record of a paper account, table of forecasters on a file, summary of a backtest."""
