"""Charts, tables and wording of pages for people, and the tear sheet: the report of a backtest in one file."""
