"""Charts of the tear sheet and of the experiment report, encoded as JSON for the live page."""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson
from msgspec import Struct
from plotly import graph_objects as go

from agents.pages.drawing import SHARED
from agents.pages.insufficient_data import NotEnough
from schemas.experiments import ExperimentMoved


class Figure(Struct, frozen=True, omit_defaults=True):
    """One chart of the page, or the reason why it cannot be drawn yet.

    Attributes:
        name: name of the panel that shows the chart.
        unit: unit of the values; shown in a line above the chart.
        height: height of the chart, pixels.
        shared: whether the chart has the time axis that several charts of the page share.
        figure: Plotly data and layout as JSON; `null` if there is not enough data.
        missing: sentence on what data is missing; empty if the chart can be drawn.
        part: fraction of the needed data that is there, 0 to 1; 0 for a chart that can be drawn.
    """

    name: str
    unit: str = ""
    height: int = 0
    shared: bool = False
    figure: msgspec.Raw = msgspec.Raw(b"null")
    missing: str = ""
    part: float = 0.0


def panel(name: str, content: go.Figure | NotEnough) -> Figure:
    """Encode a Plotly figure, or a note on missing data, as a chart for the page.

    >>> panel("skill", NotEnough(180, 400, "effective outcomes")).missing
    'Not enough data yet: 180 of 400 effective outcomes.'
    """
    if isinstance(content, NotEnough):
        return Figure(name, missing=str(content), part=min(1.0, content.have / content.need))
    layout: Any = content.layout
    meta = layout.meta
    shared = isinstance(meta, dict) and bool(meta.get(SHARED))
    unit, height = layout.title.text or "", int(layout.height)
    told = content.to_plotly_json()
    told["layout"].pop("title", None)
    drawn = orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)
    return Figure(name, unit, height, shared, msgspec.Raw(drawn))


def thinned(moves: Sequence[ExperimentMoved], most: int = 400) -> list[ExperimentMoved]:
    """Progress records of an experiment at equal steps, at most `most` of them, always including the last one.

    >>> len(thinned(list(range(1_000))))  # every third
    334
    """
    step = max(1, -(-len(moves) // most))
    return list(moves[::-1][::step][::-1])
