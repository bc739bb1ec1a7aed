"""The audit trail of a symbol: which Kafka record led to which, read from the topics alone."""
