"""Where this repository lies, and the real ticks beside it that some tests and benches use where they are there."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DATA = ROOT.parent / "shared" / "data"
