"""Nodes of the topology on Faust, exactly once: state = snapshot + source log, whatever dies.

* `worker`: one worker process; `app`: the Faust app with its nodes; `transport`: changes to Faust's clients.
* `binding`: each node on its topic and table; `live_partition`: one assigned partition, and its checkpoints.
* `snapshots`: layout of the changelog; `recovery`: where a partition resumes; `kept_snapshots`: some for `verify`.
* `identity_check`, of `log_identity`, `topic_ids` and `code_check`: the log and code that snapshots were computed from.
* `outbox`: sends outputs in batches; `reseeks`: offsets to fetch again; `membership`: the worker's place in the group.
* `counters`: what a node has done; `crash`: ends the process at an unexpected error.
"""
