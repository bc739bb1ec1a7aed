"""The retrainer: trains models after breaches, delivers alerts, and watches latency and running versions."""
