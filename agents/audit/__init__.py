"""The audit trail of a symbol: which record caused which other record, found by reading the Kafka topics alone."""
