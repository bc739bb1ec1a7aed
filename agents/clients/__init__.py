"""Kafka clients that publish ticks, and read records of any topic without repeats."""
