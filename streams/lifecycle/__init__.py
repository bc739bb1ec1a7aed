"""The lifecycle node: carries out commands that change which model versions run on a symbol, or ask for a retrain."""
