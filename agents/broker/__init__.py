"""The local broker and the way to it: a real Apache Kafka from its published jars, without containers."""

from agents.broker.process import running
from agents.settings import Settings
from schemas.errors import EnvironmentProblem


def bootstrap(settings: Settings) -> str:
    """Address of the cluster that these settings mean: the external one, else the running local broker.

    Raises:
        EnvironmentProblem: no external address is set and no local broker runs.
    """
    if settings.bootstrap:
        return settings.bootstrap
    broker = running(settings.home_path)
    if broker is None:
        raise EnvironmentProblem(
            f"expected a broker, none runs for {settings.home_path}; fix: `tickloop broker start`, or set "
            "TICKLOOP_BOOTSTRAP to the address of a running Kafka"
        )
    return broker.address
