"""Prometheus metrics and health checks of a worker, served by a thread of its own."""
