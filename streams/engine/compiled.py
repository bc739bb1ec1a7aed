"""Finds and loads machine code of the hot modules, which are the modules that run at every tick.

`tickloop compile` translates these modules with mypyc; the machine code gives bit by bit the same results as the Python
code. The folder of a build is named by a digest of the modules' sources. After an edit the folder has another name, so
no build is found and the modules run as plain Python.
"""

import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from msgspec import json

MODULES = (
    "streams.account.book",
    "streams.market.tick_order",
    "streams.market.arms",
    "streams.scoring.baselines",
    "streams.market.confidence.bins",
    "streams.market.confidence.conformal",
    "streams.market.confidence.expected",
    "streams.market.confidence.temperature",
    "streams.market.costs.traded_spread",
    "streams.market.residual_correction",
    "streams.engine.faults",
    "streams.market.features.autocorrelation",
    "streams.market.features.book",
    "streams.market.features.flow",
    "streams.market.features.imbalance_changes",
    "streams.market.features.mid_age",
    "streams.market.features.moment",
    "streams.market.features.order_flows",
    "streams.market.features.oscillators",
    "streams.market.features.over_time",
    "streams.market.features.prices",
    "streams.market.features.rates",
    "streams.market.features.realised",
    "streams.market.features.realised_volatilities",
    "streams.market.features.reference_history",
    "streams.market.features.references",
    "streams.market.features.returns",
    "streams.market.features.spread",
    "streams.market.features.trade_flows",
    "streams.market.features.vector",
    "streams.market.features.volatility",
    "streams.scoring.logistic",
    "streams.market.labelling",
    "streams.market.outcomes",
    "streams.scoring.correlation",
    "streams.scoring.effective_sample_size",
    "streams.scoring.scores",
    "streams.scoring.tally",
    "streams.market.mixture",
    "streams.market.models.signed_logistic",
    "streams.market.models.tree_ensemble",
    "streams.monitoring.cusum",
    "streams.monitoring.window",
    "streams.scoring.label_uniqueness",
    "streams.market.pipeline",
    "streams.market.recall",
    "streams.market.references",
    "streams.market.symbol_state",
    "streams.market.regime.activity",
    "streams.market.regime.drift",
    "streams.market.regime.ewma",
    "streams.market.regime.hmm",
    "streams.market.features.rolling",
    "streams.market.sizing.confidence_floor",
    "streams.market.sizing.drawdown_cap",
    "streams.market.sizing.kelly",
    "streams.market.sizing.moves",
    "streams.market.sizing.regime_cap",
    "streams.market.sizing.smallest_limit",
    "streams.market.sizing.stand_aside",
    "streams.market.sizing.volatility_target",
    "streams.market.strategies.flat",
    "streams.market.strategies.imbalance",
    "streams.market.strategies.mean_reversion",
    "streams.market.strategies.momentum",
    "streams.market.strategies.panel",
    "streams.market.worlds",
    "streams.market.expert_models",
    "streams.market.fixed_share",
)
"""The hot modules, which run at every tick or label. They define no `msgspec.Struct`, which would lose its types."""

EXTENSION = "tickloop__mypyc"
"""Name of the module that holds the code of all the others."""

ROOT = Path(__file__).parents[2]
Annotations = dict[str, dict[str, dict[str, str]]]
"""Types of fields as they are written in the source, by module, class and field."""

ANNOTATIONS = "annotations.json"
"""File of a build that holds the annotations."""

BUILDS = ROOT / "streams" / ".compiled"
SUFFIX = EXTENSION_SUFFIXES[0]
"""Suffix of extensions, which names Python version and machine."""


def files(folder: Path) -> dict[str, Path]:
    """Path of each extension file of a build, by the full name of the module that the file holds.

    There is one file for each compiled module, and one more for the code that all of them share.

    Args:
        folder: folder of the build.
    """
    return {name: folder.joinpath(*name.split(".")).with_suffix(SUFFIX) for name in (*MODULES, EXTENSION)}


def is_whole(folder: Path) -> bool:
    """Whether a folder holds every file of a build; False if the folder does not exist."""
    return all(file.is_file() for file in (folder / ANNOTATIONS, *files(folder).values()))


def source(module: str) -> Path:
    """Path of the Python file that holds a module.

    Args:
        module: full name, such as `streams.market.arms`.
    """
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def build() -> Path:
    """Folder for machine code that is compiled from the present sources; it need not exist yet."""
    digest = sha256(SUFFIX.encode() + Path(__file__).read_bytes())
    for module in MODULES:
        text = source(module).read_bytes()
        digest.update(f"{module} {len(text)} ".encode() + text)
    return BUILDS / digest.hexdigest()[:16]


class Loader(ExtensionFileLoader):
    """Loads one compiled module, then gives the loaded modules the paths of their sources and full type annotations.

    mypyc keeps only simple names in `__annotations__`, but snapshots can be decoded only with the full types.

    Args:
        name: full name of the module.
        path: extension file to load it from.
        annotations: by module, class and field, the type as written in the source.
    """

    def __init__(self, name: str, path: str, annotations: Annotations) -> None:
        super().__init__(name, path)
        self._annotations = annotations

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See `importlib.abc.Loader.create_module`."""
        own = spec_from_file_location(spec.name, self.path, loader=self)
        assert own is not None
        return super().create_module(own)

    def exec_module(self, module: ModuleType) -> None:
        """See `importlib.abc.Loader.exec_module`; then give the modules loaded so far their full annotations."""
        super().exec_module(module)
        for name, classes in self._annotations.items():
            loaded = sys.modules.get(name)
            if loaded is None:
                continue
            loaded.__file__ = str(source(name))
            for each, fields in classes.items():
                # A module that is still being imported is handled when its importer is done.
                if (kind := vars(loaded).get(each)) is not None:
                    kind.__annotations__ = fields


class Finder(MetaPathFinder):
    """Import finder that leads imports of the hot modules (run at every tick) to the extension files of one build.

    Args:
        folder: folder of the build, which must be complete.
    """

    def __init__(self, folder: Path) -> None:
        self._files = files(folder)
        self._annotations = json.decode((folder / ANNOTATIONS).read_bytes(), type=Annotations)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        file = self._files.get(fullname)
        if file is None:
            return None
        return spec_from_file_location(fullname, file, loader=Loader(fullname, str(file), self._annotations))


def running() -> bool:
    """Whether this process imports the hot modules, which run at every tick, from machine code."""
    return any(isinstance(finder, Finder) for finder in sys.meta_path)


def described() -> str:
    """Words for a log line: whether the hot modules, which run at every tick, are machine code or Python here."""
    return "hot modules as machine code" if running() else "all in plain Python"


def use() -> None:
    """Make later imports take the hot modules, which run at every tick, from machine code.

    Nothing changes if there is no complete build of the present sources, or if Python was started with `-X pure`.
    """
    if "pure" not in sys._xoptions and is_whole(folder := build()):
        sys.meta_path.insert(0, Finder(folder))
