"""Workers that run the computations on Kafka with the Faust library, so that each record takes effect exactly once.

The state of a partition is stored as snapshots in Kafka. After a crash a worker restores the state from them, and
reads the later records again.

* `worker`: one worker process; `app`: its Faust app; `transport`: changes to Faust's Kafka clients.
* `binding`: connects each node (a computation over one topic) to its topic and to the table of its snapshots.
* `live_partition`: one partition that is assigned to this worker, and its checkpoints.
* `snapshots`: how snapshots are stored; `recovery`: how they are read; `kept_snapshots`: older ones for `verify`.
* `identity_check`, `log_identity`, `topic_ids`, `code_check`: whether snapshots still belong to topic and code.
* `outbox`: sends outputs in batches; `reseeks`: offsets to fetch again; `membership`: place in the consumer group.
* `counters`: figures about what a node has done; `crash`: ends the process at an unexpected error.
"""
