"""The page itself: its five bands, empty; scripts fill them from what the server sends."""

from importlib.resources import files
from string import Template

import orjson

from agents.pages import palette
from agents.pages.charts.course import course

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no script in the page; styles in it because the charts set some."""


def page() -> str:
    """The document: `static/dashboard.html`, with the colours and the empty figure that its scripts draw with."""
    return Template(files("agents.dashboard.static").joinpath("dashboard.html").read_text(encoding="utf-8")).substitute(
        twins=_json(orjson.dumps(palette.twins())),
        regimes=_json(orjson.dumps(_regimes())),
        course_figure=_json(course().to_json().encode()),
    )


def _regimes() -> dict[str, dict[str, str]]:
    return {name: {"light": shade.light, "dark": shade.dark} for name, shade in palette.REGIMES.items()}


def _json(text: bytes) -> str:
    """JSON that cannot end the element that it stands in."""
    return text.decode().replace("<", "\\u003c")
