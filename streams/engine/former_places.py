"""Keeps former module names importable after modules were moved, so that older plug-ins and notebooks go on working.

An import by a former name gives the very module that now has another name, not a copy of it. The import also warns
(`DeprecationWarning`) and says the new name.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

PLACES = {
    "streams.backtest": "streams.api.backtest",
    "streams.confidence": "streams.market.confidence",
    "streams.costs": "streams.market.costs",
    "streams.experiments.ab_testing": "streams.api.ab_testing",
    "streams.features": "streams.market.features",
    "streams.models": "streams.market.models",
    "streams.regime": "streams.market.regime",
    "streams.retraining.scheduler": "streams.api.retraining_scheduler",
    "streams.retraining.versions": "streams.api.versions",
    "streams.sizing": "streams.market.sizing",
    "streams.strategies": "streams.market.strategies",
    "streams.unified": "streams.api.pipeline",
}
"""Public modules that were moved, and where they are; what lay in a package lies in it still."""


def place_of(name: str) -> str:
    """Present name of a module that was moved; empty if `name` is no former name.

    >>> place_of("streams.strategies.protocol"), place_of("streams.market.node")
    ('streams.market.strategies.protocol', '')
    """
    for former, place in PLACES.items():
        if name == former or name.startswith(f"{former}."):
            return place + name[len(former) :]
    return ""


class _Alias(Loader):
    """Loader of a former module name, which gives the module of today."""

    def __init__(self, place: str) -> None:
        self._place = place

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._place)
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own


class FormerPlaces(MetaPathFinder):
    """Import finder: for an import by a former module name it finds the module under its present name.

    It must come before Python's own finders. After an upgrade a former folder may still hold bytecode, and Python's
    finders would take that folder for a package.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        place = place_of(fullname) if fullname.startswith("streams.") else ""
        if not place:
            return None
        warnings.warn(f"{fullname} has moved; fix: import {place}", DeprecationWarning, stacklevel=2)
        return ModuleSpec(fullname, _Alias(place))


def use() -> None:
    """Let modules be imported by their former names from now on, by a change of `sys.meta_path`."""
    sys.meta_path.insert(0, FormerPlaces())
