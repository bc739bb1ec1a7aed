"""The paper (simulated) account of each symbol, which trades to the predicted positions, and the sum over symbols."""
