"""Python interface to pipelines, A/B tests, retraining and backtests, without Kafka."""
