"""From topics to what the page knows: reading their ends, and keeping a bounded state."""
