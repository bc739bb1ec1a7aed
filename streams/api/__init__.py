"""What people import: the pipeline, A/B tests, retraining, backtests, without Kafka."""
