"""Plans A/B experiments between model versions, and reports their state, as sentences, tables and an HTML page."""
