"""Tickloop in Python, without Kafka: the pipeline, backtests, A/B tests, retraining, and the registration of plug-ins.

The functions run the same nodes (stream processors) as the workers on Kafka, with the same numbers and the same bytes.
Each name of this package is loaded when it is first used, so that `import tickloop` is quick.

>>> import tickloop
>>> run = tickloop.backtest(tickloop.synthetic_market(seed=1, ticks=2_000))
>>> run.summary["counts"]["predictions"], run.predictions["strategy"].iloc[-1]
(2000, 'imbalance')
>>> pipeline = tickloop.Pipeline()
>>> pipeline.predict("X", {"ts_event": 1, "bid": 99.0, "bid_size": 3.0, "ask": 101.0, "ask_size": 1.0}).strategy
'imbalance'
>>> sorted(tickloop.__all__)[:4]
['ABTestResults', 'Backtest', 'MarketParameters', 'ModelVersionManager']
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.errors import TickloopError as TickloopError
    from schemas.ticks import Quote as Quote
    from schemas.ticks import Trade as Trade
    from streams.api.ab_results import ABTestResults as ABTestResults
    from streams.api.ab_testing import ab_test as ab_test
    from streams.api.backtest import Backtest as Backtest
    from streams.api.backtest import backtest as backtest
    from streams.api.pipeline import PipelinePrediction as PipelinePrediction
    from streams.api.pipeline import UnifiedMLPipeline as Pipeline
    from streams.api.retraining_scheduler import retraining as retraining
    from streams.api.versions import ModelVersionManager as ModelVersionManager
    from streams.market.parameters import MarketParameters as MarketParameters
    from streams.parameters import Parameters as Parameters
    from streams.parameters import load_parameters as load_parameters
    from streams.sources.files import TickFile as TickFile
    from streams.sources.synthetic import synthetic_market as synthetic_market
    from tickloop import register as register

_PLACES = {
    "ABTestResults": "streams.api.ab_results",
    "Backtest": "streams.api.backtest",
    "MarketParameters": "streams.market.parameters",
    "ModelVersionManager": "streams.api.versions",
    "Parameters": "streams.parameters",
    "Pipeline": "streams.api.pipeline:UnifiedMLPipeline",
    "PipelinePrediction": "streams.api.pipeline",
    "Quote": "schemas.ticks",
    "TickFile": "streams.sources.files",
    "TickloopError": "schemas.errors",
    "Trade": "schemas.ticks",
    "ab_test": "streams.api.ab_testing",
    "backtest": "streams.api.backtest",
    "load_parameters": "streams.parameters",
    "register": "",
    "retraining": "streams.api.retraining_scheduler",
    "synthetic_market": "streams.sources.synthetic",
}
"""Where each name is defined, and what it is called there if otherwise."""

__all__ = [
    "ABTestResults",
    "Backtest",
    "MarketParameters",
    "ModelVersionManager",
    "Parameters",
    "Pipeline",
    "PipelinePrediction",
    "Quote",
    "TickFile",
    "TickloopError",
    "Trade",
    "ab_test",
    "backtest",
    "load_parameters",
    "register",
    "retraining",
    "synthetic_market",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("tickloop")
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'tickloop' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, _, own = place.partition(":")
    found = getattr(import_module(module), own or name) if module else import_module(f"tickloop.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
