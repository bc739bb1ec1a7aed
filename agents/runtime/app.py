"""Builds the Faust app of a worker from its settings and the nodes (computations over one topic each) to run."""

from collections.abc import Sequence
from typing import Any

import faust

from agents.config.settings import Settings
from agents.identity.computing import Identity, configured_identity
from agents.kafka.clients import faust_connection
from agents.runtime.binding import Runtime
from agents.runtime.transport import Transport, leave_on_stop
from streams.engine.node import Node


class LoopApp(faust.App):
    """The Faust app of a worker. When it stops, it stores the state of its partitions a last time.

    Attributes:
        runtime: the computations that run on the app, and their assigned partitions.
    """

    runtime: Runtime

    async def on_stop(self) -> None:
        """Store the state of all assigned partitions, leave the consumer group, and stop.

        The state is stored first, so that the worker that takes over a partition has no records to repeat.
        """
        if any(self.runtime.live):
            await self.runtime.release()
            leave_on_stop(self)
        await super().on_stop()


def create_app(
    settings: Settings,
    bootstrap: str,
    nodes: Sequence[Node[Any]],
    instance: str | None = None,
    identity: Identity | None = None,
) -> LoopApp:
    """Build the Faust app of a worker, without connecting to Kafka.

    Args:
        settings: settings of the worker.
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        nodes: the computations to run, each over one topic.
        instance: name of the worker in the consumer group (its static member id). A process that joins under the same
            name takes over the partitions at once, and the earlier process ends. None joins without a name.
        identity: digests of the code that computes; None means the code of this package without plug-ins.
    """
    app = LoopApp(
        settings.group,
        **faust_connection(bootstrap),
        store="memory://",
        datadir=settings.home_path / "faust" / (instance or "worker"),
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        topic_allow_declare=False,
        processing_guarantee="at_least_once",
        agent_supervisor="mode.CrashingSupervisor",
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=4,
        stream_recovery_delay=0.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance,
        # A topic that was deleted and made anew is noticed within that.
        consumer_metadata_max_age_ms=30_000,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        broker_rebalance_timeout=2 * settings.session_timeout_s,
        broker_max_poll_records=4000,
        producer_acks=-1,
        producer_request_timeout=60,
        producer_linger=0.0,
        producer_max_batch_size=900_000,
        web_enabled=False,
        web_bind="127.0.0.1",
        worker_redirect_stdouts=False,
    )
    app.transport = Transport(app.conf.broker_consumer, app)
    app.runtime = Runtime(app, settings, bootstrap, nodes, identity or configured_identity({}))

    async def release(*_: Any, **__: Any) -> None:
        await app.runtime.release()

    app.on_partitions_revoked.connect(release)
    app.task(app.runtime.keep_beating)
    app.task(app.runtime.keep_posting)
    app.task(app.runtime.keep_checkpointing)
    app.task(app.runtime.keep_looking)
    return app
