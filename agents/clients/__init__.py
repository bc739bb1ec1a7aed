"""Ticks into Kafka and records out of it, as any client would, each exactly once."""
