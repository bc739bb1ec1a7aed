"""The paper account: positions from predictions, fills and equity, for each symbol and over all of them."""
