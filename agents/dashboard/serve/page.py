"""The HTML of the page: five empty sections, which scripts fill with what the server sends."""

from importlib.resources import files
from string import Template

import orjson

from agents.pages import palette
from agents.pages.charts.course import course

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy: nothing is loaded from other servers, and there is no script inside the HTML. Styles
inside it are allowed because the charts set some."""


def page() -> str:
    """HTML of the page: the file `static/dashboard.html` with colours and an empty chart filled in for its scripts."""
    return Template(files("agents.dashboard.static").joinpath("dashboard.html").read_text(encoding="utf-8")).substitute(
        twins=_json(orjson.dumps(palette.twins())),
        regimes=_json(orjson.dumps(_regimes())),
        course_figure=_json(course().to_json().encode()),
    )


def _regimes() -> dict[str, dict[str, str]]:
    return {name: {"light": shade.light, "dark": shade.dark} for name, shade in palette.REGIMES.items()}


def _json(text: bytes) -> str:
    """JSON as text that is safe inside a `<script>` element, since it contains no `<`."""
    return text.decode().replace("<", "\\u003c")
