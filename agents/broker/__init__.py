"""The local Kafka broker, which runs without containers from Apache Kafka's published jars, and its address."""

from agents.config.settings import Settings


def bootstrap(settings: Settings) -> str:
    """Address (`host:port`) of the Kafka cluster to use: the external one that `settings` name, else the local broker.

    Raises:
        EnvironmentProblem: the settings name no external cluster and no local broker runs for their home folder; the
            message names local brokers that run for other home folders.
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
