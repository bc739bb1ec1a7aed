"""Experiments on the outcomes topic: kept by symbol, told as they move, decided once, watched after a promotion."""
