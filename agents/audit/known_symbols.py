"""Lists the symbols of a system without reading the topics of ticks and predictions whole."""

from agents.audit.versions import versions
from agents.clients.predicting import predicting
from agents.config.settings import Settings


async def known_symbols(settings: Settings, bootstrap: str) -> set[str]:
    """Return the symbols with a registered model version, or with a prediction among the newest 2,000 of a partition.

    Raises:
        EnvironmentProblem: no cluster answers, or it lacks a topic.
    """
    registered = {each.symbol for each in await versions(settings, bootstrap)}
    return registered | {*await predicting(settings, bootstrap)}
