"""Tick files with headers, words and number formats that no known format has."""

import shlex
from io import BufferedReader, BytesIO
from random import Random
from typing import Any

import pytest

from agents.cli.column_options import columns as columns_of
from schemas.errors import ConfigurationError
from streams.engine.feed import Feed
from streams.sources.columns import Columns
from streams.sources.files import TickFile

PRODUCTS = {"FDAX": (18_500.0, 0.5), "FESX": (4_800.0, 1.0)}
"""First price of each product, and its smallest step."""

NOON_S = 12 * 3_600


def clock(ms: int) -> str:
    """Text of a time of day, given in ms since midnight."""
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def trades(rows: int = 1_500, decimal: str = ",") -> str:
    """A German file of trades of two products: date and time in two columns, sides K and V, and a decimal comma.

    Args:
        rows: number of trades.
        decimal: decimal mark of the prices.
    """
    random = Random(7)
    now, prices = NOON_S * 1000, {name: price for name, (price, _) in PRODUCTS.items()}
    lines = ["Datum;Uhrzeit;Produkt;Kurs;Menge;Richtung"]
    for _ in range(rows):
        now += random.randrange(20, 200)
        name, side = random.choice(list(prices)), random.choice("KV")
        prices[name] += PRODUCTS[name][1] * random.choice((-1, 0, 1))
        price = f"{prices[name]:.1f}".replace(".", decimal)
        lines.append(f"09.08.2024;{clock(now)};{name};{price};{random.randint(1, 9)};{side}")
    return "\n".join([*lines, ""])


def bars(header: str, rows: int = 300, seconds: int = 60, day: str = "2024-08-09 ") -> str:
    """A file of bars of one product: time, open, high, low, close, volume.

    Args:
        header: first line of the file.
        rows: number of bars.
        seconds: length of a bar, s.
        day: text before each time of day.
    """
    random, price, lines = Random(7), 100.0, [header]
    for row in range(rows):
        path = [price]
        for _ in range(6):
            path.append(path[-1] + random.gauss(0, 0.05))
        price = path[-1]
        cells = ",".join(f"{each:.2f}" for each in (path[0], max(path), min(path), path[-1]))
        lines.append(f"{day}{clock(1000 * seconds * row)[:8]},{cells},{random.randint(1, 500)}")
    return "\n".join([*lines, ""])


def file_of(text: str | bytes, name: str = "own.csv", **how: Any) -> TickFile:
    raw = text.encode() if isinstance(text, str) else text
    return TickFile(name, Columns(**how), stream=BufferedReader(BytesIO(raw)))


def read(text: str | bytes, name: str = "own.csv", **how: Any) -> list[Feed]:
    return list(file_of(text, name, **how))


def refused(text: str | bytes, **how: Any) -> str:
    with pytest.raises(ConfigurationError) as problem:
        read(text, **how)
    return str(problem.value)


def said_by(options: str) -> Columns:
    """The description of columns that the command line makes of these options."""
    found: dict[str, list[str]] = {}
    words = shlex.split(options)
    for option, value in zip(words[::2], words[1::2], strict=True):
        found.setdefault(option, []).append(value)
    names = ("kind", "bars", "decimal", "thousands")
    single: dict[str, Any] = {name: found[f"--{name}"][0] for name in names if f"--{name}" in found}
    return columns_of(
        found.get("--map", ()), found.get("--symbol", ()), found.get("--rename", ()), sides=found.get("--sides", ()),
        where=found.get("--where", ()), **single,
    )  # fmt: skip
