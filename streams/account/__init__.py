"""The paper account: positions from predictions, fills, equity; one symbol at a time, and over all of them."""
