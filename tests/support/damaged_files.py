"""Damages tick files of every format, and checks that reading them gives ticks or a sentence, nothing else.

`python -m tests.support.damaged_files 100000 7` tries 100,000 files from seed 7 on, and runs `tickloop
backtest` on every hundredth. It prints each kind of fault with a seed that reproduces it. A test tries fewer
files.
"""

import bz2
import gzip
import lzma
import random
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import cramjam
import msgspec
import pyarrow
from click.testing import CliRunner
from pyarrow import feather, parquet
from rich.progress import track

from agents.cli import backtest
from schemas.errors import ConfigurationError, TickloopError
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from tests.support.example_streams import MS, NOON
from tests.support.example_tables import EXAMPLES, REFUSED

FILES: dict[str, tuple[str, str]] = {name: (called, text) for name, (called, text, _) in EXAMPLES.items()} | REFUSED
NAMES = sorted(FILES)
JUNK = (
    *("", "nan", "inf", "1e999", "1e-400", "-1", "0", "9" * 40, "x" * 2_000, "null", "true", "{}", "[", '"', '"a'),
    *("\x00", "é", ",", ";", "\t", "\n", "\r", "1.234,5", "2024-02-30", "25:61:61", "buy", "B", "\ufeff"),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1")


def _zip(content: bytes) -> bytes:
    into = BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("x.csv"), content)
    return into.getvalue()


PACKED: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    (".gz", lambda content: gzip.compress(content, mtime=0)),
    (".bz2", bz2.compress),
    (".xz", lzma.compress),
    (".zst", lambda content: bytes(cramjam.zstd.compress(content))),
    (".zip", _zip),
)


def _damaged(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(0, 3)):
        place, way = chance.randrange(len(text) + 1), chance.random()
        if way < 0.3:
            text = text[:place]
        elif way < 0.6:
            text = text[:place] + chance.choice(JUNK) + text[place + chance.randint(0, 6) :]
        elif way < 0.75:
            text += text
        elif way < 0.9:
            text += FILES[chance.choice(NAMES)][1]
        else:
            first, second = chance.sample(JUNK, 2)
            text = text.replace(first or "1", second)
    return text


def _bytes(text: str, chance: random.Random) -> tuple[str, bytes]:
    content, ending = text.encode(chance.choice(ENCODINGS), "replace"), ""
    if chance.random() < 0.4:
        ending, pack = chance.choice(PACKED)
        content = pack(content)
    if content and chance.random() < 0.3:
        place = chance.randrange(len(content))
        flipped = bytes([content[place] ^ 1 << chance.randrange(8)])
        content = chance.choice((content[:place], content[:place] + flipped + content[place + 1 :]))
    return ending, content


def _told(chance: random.Random) -> dict[str, Any]:
    possible: dict[str, Callable[[], Any]] = {
        "format": lambda: chance.choice(NAMES),
        "bars": lambda: chance.choice(("open", "close")),
        "symbol": lambda: "Y",
        "checked": lambda: False,
        "sort": lambda: True,
    }
    return {name: value() for name, value in possible.items() if chance.random() < 0.2}


def _columnar() -> list[bytes]:
    rows = 300
    table = pyarrow.table(
        {
            "ts_event": [NOON + number * MS for number in range(rows)],
            "symbol": ["X"] * rows,
            "kind": ["trade"] * rows,
            "price": [100 + number % 3 / 10 for number in range(rows)],
            "size": [1.0] * rows,
            "side": ["buy", "sell"] * (rows // 2),
        }
    )
    made = []
    for codec in ("none", "snappy", "zstd", "gzip"):
        parquet.write_table(table, into := BytesIO(), compression=codec)
        made.append(into.getvalue())
    for codec in ("uncompressed", "lz4"):
        feather.write_feather(table, into := BytesIO(), compression=codec)
        made.append(into.getvalue())
    return made


COLUMNAR = _columnar()
NEAR_THE_END = 1_200
"""Number of last bytes of a file in which Parquet describes its content."""


def tried(seed: int) -> str | None:
    """Read a damaged text file; return the traceback of an unexpected error, or None.

    Args:
        seed: seed of the damage; the same seed gives the same file.
    """
    chance = random.Random(seed)
    called, text = FILES[chance.choice(NAMES)]
    ending, content = _bytes(_damaged(text, chance), chance)
    name = chance.choice((called, "x.csv", "x.jsonl", "x")) + ending
    told = _told(chance)
    return _read(lambda: TickFile(name, Columns(**told), stream=BufferedReader(BytesIO(content))))


def tried_columnar(seed: int, folder: Path) -> str | None:
    """Read a damaged Parquet or Feather file; return the traceback of an unexpected error, or None.

    Args:
        seed: seed of the damage; the same seed gives the same file.
        folder: folder that the file is written to.
    """
    chance = random.Random(seed)
    content = bytearray(chance.choice(COLUMNAR))
    for _ in range(chance.randint(1, 3)):
        place = len(content) - 1 - chance.randrange(min(len(content), chance.choice((NEAR_THE_END, len(content)))))
        content[place] ^= 1 << chance.randrange(8)
        if chance.random() < 0.1 and place:
            del content[place:]
    file = folder / "x.parquet"
    file.write_bytes(content)
    return _read(lambda: TickFile(file))


OPTIONS = {"format": "--format", "bars": "--bars", "symbol": "--symbol", "sort": "--sort", "checked": "--anyway"}


def commanded(seed: int, folder: Path) -> str | None:
    """Run a backtest of a damaged text file; return what is wrong with the result, or None.

    Right is a run with predictions, or an exit code other than 0 and an error that is a sentence.

    Args:
        seed: seed of the damage; the file is that of `tried` with the same seed.
        folder: empty folder for the file and the result.
    """
    chance = random.Random(seed)
    called, text = FILES[chance.choice(NAMES)]
    ending, content = _bytes(_damaged(text, chance), chance)
    file = folder / (chance.choice((called, "x.csv", "x.jsonl", "x")) + ending)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    said = [(OPTIONS[name], value) for name, value in _told(chance).items()]
    options = [part for name, value in said for part in ((name,) if isinstance(value, bool) else (name, str(value)))]
    out = folder / "result"
    found = CliRunner().invoke(backtest.command, [str(file), "--out", str(out), "--jobs", "1", *options])
    if found.exit_code == 0:
        predictions = msgspec.json.decode((out / "summary.json").read_bytes())["counts"]["predictions"]
        return None if predictions else f"exit code 0 without a prediction: {found.output}"
    if found.exception is None or isinstance(found.exception, TickloopError | SystemExit):
        return None
    return "".join(traceback.format_exception(found.exception))


def _read(opened: Callable[[], TickFile]) -> str | None:
    try:
        file = opened()
        for _ in file:
            pass
        assert all(file.understood)
    except ConfigurationError as problem:
        return None if str(problem).strip() else f"a sentence without a word: {problem!r}"
    except Exception:  # noqa: BLE001 - whatever else there is, is what is looked for
        return traceback.format_exc()
    return None


def main(count: int, first: int = 0) -> int:
    """Try damaged files, every tenth of them Parquet or Feather; print the faults and return the number of their kinds.

    Args:
        count: number of files.
        first: first seed.
    """
    faults: dict[str, tuple[int, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in track(range(first, first + count), "files"):
            fault = tried(seed) if seed % 10 else tried_columnar(seed, Path(folder))
            if fault is None and seed % 100 == 1:
                with tempfile.TemporaryDirectory() as empty:
                    fault = commanded(seed, Path(empty))
            if fault is not None:
                faults.setdefault("".join(fault.splitlines()[-3:]), (seed, fault))
    for seed, fault in faults.values():
        print(f"seed {seed}:\n{fault}")
    print(f"{count:,} files, {len(faults)} kinds of faults")
    return len(faults)


if __name__ == "__main__":
    sys.exit(1 if main(*map(int, sys.argv[1:] or ["100000"])) else 0)
