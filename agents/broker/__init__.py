"""The local broker: a real Apache Kafka from its published jars, without containers; and how to reach it."""

from agents.config.settings import Settings


def bootstrap(settings: Settings) -> str:
    """Address of the cluster that these settings mean: the external one, else the running local broker.

    Raises:
        EnvironmentProblem: no external address is set and no local broker runs; brokers of other homes are named.
    """
    if settings.bootstrap:
        from agents.kafka.security import PLAIN, speak

        return speak(settings.bootstrap, PLAIN)
    from agents.broker.neighbours import no_broker
    from agents.broker.process import running

    broker = running(settings.home_path)
    if broker is None:
        raise no_broker(settings.home_path)
    return broker.address
