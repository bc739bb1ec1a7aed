"""Settings of named replay runs, which have topics, a consumer group and a log folder of their own."""

import re

from msgspec.structs import replace

from agents.config.settings import Settings
from schemas.errors import ConfigurationError

LONGEST_NAME = 80


def run_settings(settings: Settings, name: str) -> Settings:
    """Settings of the replay run `name`. Its own prefix and home folder keep the live topics untouched.

    >>> run_settings(Settings(prefix="lab-"), "monday").topic("ticks")
    'lab-replay-monday.ticks'
    >>> run_settings(Settings(), "a b")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: --run: expected 1 to 80 letters, digits, - or _, was 'a b'

    Raises:
        ConfigurationError: the name is empty or too long, or has a character that no topic name may have.
    """
    if not re.fullmatch(rf"[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}", name):
        raise ConfigurationError(f"--run: expected 1 to {LONGEST_NAME} letters, digits, - or _, was {name!r}")
    return replace(settings, prefix=f"{settings.prefix}replay-{name}.", home=str(settings.home_path / f"replay-{name}"))


def name_for(source: str) -> str:
    """Name for a replay run, made from the path of the file or the name of the topic that is replayed.

    >>> name_for("data/btcusdt perp.csv.gz"), name_for("ticks")
    ('btcusdt-perp', 'ticks')
    """
    stem = source.rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:LONGEST_NAME].strip("-") or "run"
