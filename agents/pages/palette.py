"""Colours of charts and pages: an accent colour, greys, one scale for regimes and one for strategies.

Each colour has a variant for a dark background. Charts are made in the light colours, and the page's script replaces
them with the dark ones if the reader prefers a dark page.
"""

from typing import NamedTuple


class Shade(NamedTuple):
    """A colour in two variants.

    Attributes:
        light: for a light background, as CSS.
        dark: for a dark background, as CSS.
    """

    light: str
    dark: str


INK = Shade("#1d232b", "#e4e7ec")
MUTED = Shade("#67707d", "#98a2b0")
FAINT = Shade("#aeb6c1", "#5c6674")
GRID = Shade("#e9ecf0", "#272d36")
AXIS = Shade("#c9cfd7", "#3b434e")
ACCENT = Shade("#1b5fc1", "#6cabff")
BAND = Shade("rgba(27,95,193,0.16)", "rgba(108,171,255,0.20)")
WASH = Shade("rgba(103,112,125,0.14)", "rgba(152,162,176,0.16)")
HARM = Shade("#b3261f", "#ff8077")
GROUND = Shade("#fffffe", "#14181e")

REGIMES = {
    "calm-range": Shade("#b6d4ea", "#33566f"),
    "calm-trend": Shade("#3a86bd", "#5fb0e6"),
    "volatile-range": Shade("#f6c58f", "#7d5526"),
    "volatile-trend": Shade("#d9731a", "#f09a4a"),
}
"""Hue tells calm from volatile, depth a range from a trend; readers who see no colours can tell them apart, too."""

CATEGORIES = (
    Shade("#4477aa", "#6f9fd0"),
    Shade("#ccbb44", "#d8ca66"),
    Shade("#228833", "#55b566"),
    Shade("#aa3377", "#d06aa5"),
    Shade("#66ccee", "#8adaf4"),
    Shade("#bbbbbb", "#8d8d8d"),
)
"""The colour scheme `bright` by Paul Tol without its red, which is reserved for what a person should act on."""


def twins() -> dict[str, str]:
    """The dark variant of each colour, by its light variant.

    >>> twins()["#1b5fc1"]
    '#6cabff'
    """
    shades = (INK, MUTED, FAINT, GRID, AXIS, ACCENT, BAND, WASH, HARM, GROUND, *REGIMES.values(), *CATEGORIES)
    return {shade.light: shade.dark for shade in shades}
