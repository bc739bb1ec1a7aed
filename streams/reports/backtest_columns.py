"""Records of a backtest as columns, from which its tables are made (DataFrames or Parquet files)."""

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pandas as pd
from msgspec import UNSET, Struct
from msgspec.structs import astuple

from schemas.accounts import AccountMarked
from schemas.breaks import ClockBroken
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.faults import ComponentFailed
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.windows import AccuracyWindow
from streams.engine.backtest import Decision

TABLES: dict[type, str] = {
    Prediction: "predictions",
    OutcomeMatured: "outcomes",
    AccountMarked: "account",
    Decision: "decisions",
    AccuracyWindow: "accuracy-windows",
    ExperimentMoved: "experiments",
    ExperimentDecided: "experiment-decisions",
    DeadLetter: "dead-letters",
    ClockBroken: "breaks",
    ComponentFailed: "faults",
}
"""Name of the table of each kind of record."""

LINES = (AccuracyWindow, ExperimentMoved, ExperimentDecided, DeadLetter, ClockBroken, ComponentFailed)
"""Kinds that are kept as lines of JSON, as on their topics: few, and of parts that no column holds."""

TIMES = frozenset({"ts_event", "ts_prediction"})
"""Columns of nanoseconds since 1970, UTC."""

GENERATION = "generation"
"""Column that records leave out before the first break of their symbol's clock: 0 there."""

SILENT = "silent"
"""Field of outcomes that is no column: the table `faults` says more of models that failed."""

_NESTED = ("arms", "experts", "baselines", "features", "weights")
_SINGULAR = {"experts": "expert", "baselines": "baseline", "features": "feature", "weights": "weight"}

Columns = dict[str, list[Any]]


def plain_types(kind: type[Struct]) -> dict[str, type]:
    """Type of the values (str, int, float or bool) of each field of `kind` that becomes one column.

    The names in `Prediction.features` are joined to one string, so this field is one column. Fields
    that become several columns, such as `arms`, are left out.

    >>> plain_types(OutcomeMatured)["label"], plain_types(Prediction)["features"], "arms" in plain_types(OutcomeMatured)
    (<class 'int'>, <class 'str'>, False)
    """
    found: dict[str, type] = {}
    for name, hint in get_type_hints(kind).items():
        if get_origin(hint) is Literal:
            found[name] = type(get_args(hint)[0])
        elif hint in (str, int, float, bool):
            found[name] = hint
        elif name == GENERATION:
            found[name] = int
        elif kind is Prediction:
            found[name] = str
    return found


def columns(kind: type[Struct], records: Sequence[Struct]) -> Columns:
    """Fields of records of one kind as columns, in the order of the fields.

    A field that holds several values becomes several columns, for example `arm.live.probability` or `feature.rsi`.
    Where only some records have a value, the others have None.

    >>> decision = Decision("ticks:0:4", "X", 5, "stop_arm", "slow", "a person", "d1", "", "")
    >>> columns(Decision, [decision])["action"]
    ['stop_arm']
    """
    names = kind.__struct_fields__
    rows = list(zip(*map(astuple, records), strict=True)) or [()] * len(names)
    made: Columns = {}
    for name, column in zip(names, rows, strict=True):
        if kind is OutcomeMatured and name == SILENT:
            continue
        if kind is OutcomeMatured and name in _NESTED:
            made |= _arms(column) if name == "arms" else _named(_SINGULAR[name], column)
        elif kind is Prediction and name == "features":
            joined = {names: ",".join(names) for names in dict.fromkeys(column)}
            made[name] = [joined[each] for each in column]
        elif name == GENERATION:
            made[name] = [each or 0 for each in column]
        else:
            made[name] = [None if value is UNSET else value for value in column] if UNSET in column else list(column)
    return made


def frame(kind: type[Struct], made: Columns) -> pd.DataFrame:
    """The columns that `columns` made of records of type `kind`, as a DataFrame; event times become UTC timestamps.

    >>> frame(Decision, columns(Decision, [])).columns[:3].tolist()
    ['id', 'symbol', 'ts_event']
    """
    table = pd.DataFrame(made, columns=list(made))
    for name in [each for each in made if each in TIMES]:
        table[name] = pd.to_datetime(pd.Series(made[name], dtype="int64"), utc=True)
    return table


def _arms(column: Sequence[Any]) -> Columns:
    flat = [
        {f"{arm.arm}.{name}": getattr(arm, name) for arm in arms for name in arm.__struct_fields__[1:]}
        for arms in column
    ]
    return _named("arm", flat)


def _named(prefix: str, column: Sequence[dict[str, Any]]) -> Columns:
    names = dict.fromkeys(name for row in column for name in row)
    return {f"{prefix}.{name}": [row.get(name) for row in column] for name in names}
