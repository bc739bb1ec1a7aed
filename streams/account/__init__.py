"""The paper account, which simulates trades to the predicted positions: of each symbol, and summed over symbols."""
