"""The retrainer process: trains models, delivers alerts, and checks the latency and the versions of live models."""
