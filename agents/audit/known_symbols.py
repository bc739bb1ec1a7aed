"""Lists the symbols that the topics show without being read whole."""

from agents.audit.versions import versions
from agents.clients.predicting import predicting
from agents.config.settings import Settings


async def known_symbols(settings: Settings, bootstrap: str) -> set[str]:
    """Symbols with a version, or with a prediction among the newest of their partition.

    Raises:
        EnvironmentProblem: no cluster answers, or it lacks a topic.
    """
    registered = {each.symbol for each in await versions(settings, bootstrap)}
    return registered | {*await predicting(settings, bootstrap)}
