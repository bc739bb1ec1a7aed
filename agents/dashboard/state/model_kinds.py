"""Kind of each model among the experts; the page shows it, so that models are told from strategies."""

from collections.abc import Mapping
from typing import Any

from schemas.commands import Command, StartVariant
from schemas.retraining import RetrainFinished
from schemas.versions import ModelVersion
from streams.market.models.kinds import kinds_of_version

MOST = 256
"""Most names kept; only names that somebody made up could be more."""


class ModelKinds:
    """Collects the kind (`river`, `trees`, `onnx` or `own`) of each model that the configuration or a record declares.

    Outcomes hold the names of experts, but not their kinds. The kinds come from the configuration, from records of
    model versions, and from commands and retrains that bring a model.

    Args:
        configured: kind of each model that the configuration declares, by name.

    Attributes:
        known: kind of each model so far, by name.
    """

    def __init__(self, configured: Mapping[str, str]) -> None:
        self.known = dict(configured)

    def asked(self, command: Command) -> None:
        """Add the kinds of the models that a command declares or brings."""
        if isinstance(command, StartVariant):
            self._take(kinds_of_version(command.overrides, command.model))

    def versioned(self, version: ModelVersion) -> None:
        """Add the kinds of the models that the parameters of a version declare."""
        self._take(kinds_of_version(version.overrides))

    def retrained(self, finished: RetrainFinished) -> None:
        """Add the kind of the model that a retrain made."""
        self._take(kinds_of_version({}, finished.result.candidate))

    def _take(self, kinds: Mapping[str, str]) -> None:
        for name, kind in kinds.items():
            if name in self.known or len(self.known) < MOST:
                self.known[name] = kind


def kinds_of_configuration(table: Mapping[str, Any]) -> dict[str, str]:
    """Kind, by name, of each model that a configuration declares: for all symbols, one symbol or an experiment.

    >>> kinds_of_configuration({"market": {"models": {"forest": {"kind": "river"}}}, "experiments": {}})
    {'forest': 'river'}

    Args:
        table: configuration file as parsed from TOML.
    """
    tables = [each.get("market", {}) for each in table.get("symbols", {}).values()]
    tables += [each.get("arm", {}) for each in table.get("experiments", {}).values()]
    return {name: kind for each in (*tables, table.get("market", {})) for name, kind in kinds_of_version(each).items()}
