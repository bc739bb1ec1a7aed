"""Paths of this repository, and of the real ticks beside it, which may be absent."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DATA = ROOT.parent / "shared" / "data"
