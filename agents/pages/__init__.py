"""Charts, tables and wording of the pages that people read. One page is the tear sheet, the report of a backtest."""
