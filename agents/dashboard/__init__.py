"""The dashboard: one live web page about the running system, computed only from its Kafka topics."""
