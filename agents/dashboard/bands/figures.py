"""Figures of the tear sheet and of the experiment report as a live page takes them: drawn anew when they change."""

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
    """A panel's content.

    Attributes:
        name: of the panel.
        unit: of the values, for the line above the figure.
        height: pixels.
        shared: whether its axis of time is that of the other ones.
        figure: data and layout; none if there is not enough yet.
        missing: what is missing, a sentence.
        part: how much of it is there, 0 to 1.
    """

    name: str
    unit: str = ""
    height: int = 0
    shared: bool = False
    figure: msgspec.Raw = msgspec.Raw(b"null")
    missing: str = ""
    part: float = 0.0


def panel(name: str, content: go.Figure | NotEnough) -> Figure:
    """What a panel shows.

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
    """No more records than a screen shows; the last one stays.

    >>> len(thinned(list(range(1_000))))
    334
    """
    step = max(1, -(-len(moves) // most))
    return list(moves[::-1][::step][::-1])
