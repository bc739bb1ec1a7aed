"""Kinds of the models among the experts, by which the page tells them from strategies."""

from collections.abc import Mapping
from typing import Any

from schemas.commands import Command, StartVariant
from schemas.retraining import RetrainFinished
from schemas.versions import ModelVersion
from streams.market.models.kinds import kinds_of_version

MOST = 256
"""Most names kept; only names that somebody made up could be more."""


class ModelKinds:
    """Keeps the kind of each model whose name the configuration or a record tells.

    Outcomes name their experts only. What kind of model a name stands for is told by the configuration, by overrides of
    model versions, and by commands and retrains that bring a model.

    Args:
        configured: kind of each model that the configuration declares, by name.

    Attributes:
        known: kind of each model, by name.
    """

    def __init__(self, configured: Mapping[str, str]) -> None:
        self.known = dict(configured)

    def asked(self, command: Command) -> None:
        """Take the kinds of the models that a command declares or brings."""
        if isinstance(command, StartVariant):
            self._take(kinds_of_version(command.overrides, command.model))

    def versioned(self, version: ModelVersion) -> None:
        """Take the kinds of the models that a version declares."""
        self._take(kinds_of_version(version.overrides))

    def retrained(self, finished: RetrainFinished) -> None:
        """Take the kind of the model that a retrain made."""
        self._take(kinds_of_version({}, finished.result.candidate))

    def _take(self, kinds: Mapping[str, str]) -> None:
        for name, kind in kinds.items():
            if name in self.known or len(self.known) < MOST:
                self.known[name] = kind


def kinds_of_configuration(table: Mapping[str, Any]) -> dict[str, str]:
    """Kinds of the models that a configuration declares: in general, for single symbols, and for arms of experiments.

    >>> kinds_of_configuration({"market": {"models": {"forest": {"kind": "river"}}}, "experiments": {}})
    {'forest': 'river'}

    Args:
        table: configuration file as parsed from TOML.
    """
    tables = [each.get("market", {}) for each in table.get("symbols", {}).values()]
    tables += [each.get("arm", {}) for each in table.get("experiments", {}).values()]
    return {name: kind for each in (*tables, table.get("market", {})) for name, kind in kinds_of_version(each).items()}
