"""The page itself: its five bands, empty; scripts fill them from what the server sends."""

from html import escape

import orjson

from agents.pages import palette
from agents.pages.charts.course import course

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no script in the page; styles in it because the charts set some."""

BANDS = (
    ("alive", "Is it running, and is it keeping up?"),
    ("good", "Does it predict better than doing nothing clever?"),
    ("now", "What does it think now?"),
    ("deciding", "What is being tried, and how sure are we?"),
    ("changed", "What changed, when, and why?"),
)


def page() -> str:
    """The document."""
    links = "".join(f'<a href="#{name}">{name.capitalize()}</a>' for name, _ in BANDS)
    bands = "".join(f'<section id="{name}"><h2>{escape(title)}</h2>{CONTENT[name]}</section>' for name, title in BANDS)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<title>Tickloop</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/assets/page.css"><link rel="stylesheet" href="/assets/dashboard.css">'
        '<script src="/assets/plotly.js" defer></script><script type="module" src="/assets/board.js"></script>'
        '</head><body data-mode="starting" data-link="opening"><a class="skip" href="#alive">Skip to the figures</a>'
        '<header><div class="name"><h1>Tickloop</h1><span class="mode" id="mode">starting</span></div>'
        f'<nav aria-label="Bands">{links}</nav><button id="unlock" class="plain" type="button">Actions locked</button>'
        '</header><p class="verdict" id="sentence" role="status">Waiting for the first figures.</p>'
        f'<main>{bands}</main><div class="clock" id="clock" role="status"></div>{DIALOGS}'
        f'<script type="application/json" id="twins">{_json(orjson.dumps(palette.twins()))}</script>'
        f'<script type="application/json" id="regimes">{_json(orjson.dumps(_regimes()))}</script>'
        f'<script type="application/json" id="course-figure">{_json(course().to_json().encode())}</script>'
        "<noscript>This page shows live figures and needs JavaScript; everything it runs comes from this server."
        "</noscript></body></html>\n"
    )


def _figure(name: str, title: str, sentence: str, wide: bool = False) -> str:
    return (
        f'<figure class="panel{" wide" * wide}" data-panel="{name}"><figcaption><h3>{escape(title)}</h3>'
        f'<p>{escape(sentence)}</p><p class="unit"></p></figcaption><div class="plot" id="{name}" tabindex="0" '
        f'role="img" aria-label="{escape(title)}: {escape(sentence)}"><div class="waits">Waiting for the first figures.'
        "</div></div></figure>"
    )


CONTENT = {
    "alive": (
        '<dl class="tiles" id="alive-tiles"></dl><div class="lags" id="lags"></div>'
        '<details id="alerts"><summary id="alerts-summary">Open alerts: none</summary>'
        '<div id="alerts-body"><p class="lead">No alert is open.</p></div></details>'
        '<details id="letters"><summary>Dead letters: what was refused, and why</summary>'
        '<div id="letters-body"><p class="lead">Nothing was refused.</p></div></details>'
    ),
    "good": (
        '<p class="verdict" id="good-verdict">Not enough data yet: nothing that was predicted has matured.</p>'
        '<dl class="tiles" id="good-facts"></dl><div class="panels">'
        + _figure(
            "skill",
            "Skill over event time",
            "1 - log-loss / log-loss of the best baseline, chosen with hindsight; above zero is better.",
            wide=True,
        )
        + _figure("forecasters", "Skill of each forecaster", "95 % intervals that allow for overlapping labels.")
        + _figure("reliability", "Calibration", "On the dotted line a probability means what it says.")
        + "</div>"
    ),
    "now": (
        '<div class="find"><label>Symbol <input id="filter" type="search" placeholder="find" autocomplete="off" '
        'spellcheck="false"></label><span id="found" class="lead"></span></div>'
        '<div id="table" class="grid" role="grid" aria-label="Symbols" tabindex="0"></div>'
        '<div id="symbol"><h3 id="symbol-name"></h3><dl class="tiles" id="symbol-facts"></dl>'
        '<div id="symbol-actions" class="actions"></div><div class="legend" id="course-legend"></div>'
        '<div class="plot" id="course" tabindex="0" role="img" aria-label="Price with predictions, regime, strategies, '
        'position and paper account over event time"><div class="waits">Nothing drawn yet.</div></div>'
        '<p class="lead">Click a prediction for its features, its size field by field and its outcome, or '
        '<button id="explain" class="plain" type="button">explain the newest one</button>.</p></div>'
    ),
    "deciding": (
        '<div id="experiments"><p class="waits">No experiment is declared or has begun: '
        "<code>tickloop experiment plan NAME</code> says what one would take.</p></div>"
    ),
    "changed": (
        '<div id="kinds" class="kinds" role="group" aria-label="Kinds of changes"></div>'
        '<ol id="timeline" class="timeline"><li class="waits">Nothing has changed yet: every symbol runs its built-in '
        'version.</li></ol><h3>Versions</h3><div id="versions"><p class="lead">None but the built-in ones.</p></div>'
    ),
}

DIALOGS = (
    '<dialog id="ask" aria-labelledby="ask-title"><form method="dialog"><h3 id="ask-title"></h3><p id="ask-effect"></p>'
    '<label id="ask-token-label">Token of this dashboard <input id="ask-token" type="password" autocomplete="off">'
    '</label><label>Why <input id="ask-cause" maxlength="300" autocomplete="off"></label>'
    '<p id="ask-answer" role="alert"></p><div class="actions"><button value="no" class="plain">Leave it</button>'
    '<button id="ask-yes" type="button">Do it</button></div></form></dialog>'
    '<dialog id="why" aria-labelledby="why-title"><form method="dialog"><h3 id="why-title"></h3>'
    '<dl class="run" id="why-steps"></dl><div class="actions"><button class="plain">Close</button></div></form>'
    "</dialog>"
)


def _regimes() -> dict[str, dict[str, str]]:
    return {name: {"light": shade.light, "dark": shade.dark} for name, shade in palette.REGIMES.items()}


def _json(text: bytes) -> str:
    """JSON that cannot end the element that it stands in."""
    return text.decode().replace("<", "\\u003c")
