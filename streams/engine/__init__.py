"""How nodes (pure functions over one Kafka topic) are run: partitions, snapshots, replay, signatures of records.

Nothing in this package depends on what a node computes.
"""
