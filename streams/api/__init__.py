"""Python interface without Kafka: the pipeline, A/B tests, retraining and backtests."""
