"""Prequential evaluation: every row of the table is a run of the market node itself, with other parameters."""
