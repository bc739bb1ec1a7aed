"""Builds one self-contained HTML file: its style, its charts, and the library that draws them."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import orjson
from msgspec import Struct
from plotly import graph_objects as go
from plotly.offline import get_plotlyjs

from agents.pages import palette
from agents.pages.drawing import SHARED
from agents.pages.insufficient_data import NotEnough
from agents.pages.time_axis import TimeAxis

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Content security policy: the page can load nothing, whatever it contains."""

HINT = "Times are UTC. Point at a chart for its moment, drag to zoom all time charts, double-click to go back."


class Panel(Struct, frozen=True):
    """A chart with its title and a sentence on how to read it.

    Attributes:
        name: id of the panel's element; unique on the page, letters and hyphens.
        title: what the chart shows.
        sentence: how to read it.
        content: the chart, or a note on missing data.
        wide: whether the panel takes the whole width of the page.
    """

    name: str
    title: str
    sentence: str
    content: go.Figure | NotEnough
    wide: bool = False


class Section(Struct, frozen=True):
    """A part of the page under one heading.

    Attributes:
        name: id of the section's element; unique on the page, letters and hyphens.
        title: heading; the question that the section answers.
        panels: charts.
        before, after: HTML to be placed before and after the charts; not escaped.
    """

    name: str
    title: str
    panels: Sequence[Panel] = ()
    before: str = ""
    after: str = ""


def document(title: str, top: str, sections: Sequence[Section], axis: TimeAxis) -> str:
    """HTML text of a whole page, which opens without a network.

    Args:
        title: title of the page.
        top: HTML above the sections; not escaped.
        sections: in the order in which they appear.
        axis: shared by all charts over time.
    """
    links = "".join(f'<a href="#{each.name}">{escape(each.title)}</a>' for each in sections)
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f"<style>{_resource('page.css')}</style></head><body>"
        f'<a class="skip" href="#main">Skip to the figures</a>{top}<nav aria-label="Sections">{links}</nav>'
        f'<main id="main">{"".join(_section(each, axis) for each in sections)}</main>'
        f'<div class="clock" role="status">{HINT}</div>'
        f'<script type="application/json" id="twins">{_json(orjson.dumps(palette.twins()))}</script>'
        f"<script>{get_plotlyjs()}</script><script>{_resource('page.js')}</script></body></html>\n"
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", says: bool = False) -> str:
    """An HTML table.

    Args:
        headings: HTML of each column's heading.
        rows: HTML of the cells of each row; not escaped.
        caption: text above the table, escaped; empty for none.
        says: whether the last column holds sentences, which are set as running text.
    """
    last = len(headings) - 1

    def cell(tag: str, place: int, text: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        kind = ' class="says"' if says and place == last else ""
        return f"<{tag}{scope}{kind}>{text}</{tag}>"

    head = "".join(cell("th", place, text) for place, text in enumerate(headings))
    body = "".join(f"<tr>{''.join(cell('td', place, text) for place, text in enumerate(row))}</tr>" for row in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption or headings[0])}">'
        f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _section(section: Section, axis: TimeAxis) -> str:
    panels = (
        f'<div class="panels">{"".join(_panel(each, axis) for each in section.panels)}</div>' if section.panels else ""
    )
    title = f"<h2>{escape(section.title)}</h2>"
    return f'<section id="{section.name}">{title}{section.before}{panels}{section.after}</section>'


def _panel(panel: Panel, axis: TimeAxis) -> str:
    wide = " wide" if panel.wide else ""
    caption = f"<figcaption><h3>{escape(panel.title)}</h3><p>{escape(panel.sentence)}</p></figcaption>"
    content = panel.content
    if isinstance(content, NotEnough):
        part = 100 * min(content.have, content.need) // content.need
        drawn = (
            f'<div class="waits" id="{panel.name}">{escape(str(content))}'
            f'<div class="progress" aria-hidden="true"><span style="width:{part}%"></span></div></div>'
        )
    else:
        meta, unit = content.layout.meta, content.layout.title.text or ""
        # The page shows the unit above the chart, where it cannot overlap the legend.
        figure = go.Figure(content).update_layout(title=None)
        caption = caption.replace("</figcaption>", f'<p class="unit">{escape(unit)}</p></figcaption>')
        shared = ""
        if isinstance(meta, dict) and meta.get(SHARED):
            shared = " data-shared"
            figure.update_xaxes(axis.layout())
        said = escape(f"{panel.title}: {panel.sentence}")
        drawn = (
            f'<div class="plot" id="{panel.name}"{shared} style="height:{content.layout.height}px" tabindex="0" '
            f'role="img" aria-label="{said}"></div>'
            f'<script type="application/json" id="{panel.name}-figure">{_json(figure.to_json().encode())}</script>'
        )
    return f'<figure class="panel{wide}">{caption}{drawn}</figure>'


def _json(text: bytes) -> str:
    """JSON as text that is safe inside a `<script>` element, since it contains no `<`."""
    return text.decode().replace("<", "\\u003c")


def _resource(name: str) -> str:
    return files("agents.pages").joinpath(name).read_text(encoding="utf-8")
