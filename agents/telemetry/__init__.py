"""What a worker tells about itself: metrics for Prometheus, and whether it is well, from a thread of its own."""
