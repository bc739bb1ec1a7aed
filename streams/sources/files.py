"""Reads ticks from files block by block: CSV, JSON, Parquet and Feather, packed or not (see docs/formats.md).

A row that cannot be read is neither dropped nor mended. It becomes a `RawTick`, which holds the row as JSON, and is
sent on; the market node refuses it with a dead letter that says why. A strict reader stops with an error instead.
Whether the values of a tick make sense (crossed prices, negative sizes, order of time) is not judged here: the market
node judges it for all producers alike.

The length of lines, cells and numbers is limited before they are converted. A file that is damaged or ends too early
gives all ticks before the damage, and then raises `BrokenFile`.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from io import BufferedReader
from itertools import chain
from operator import itemgetter
from pathlib import Path

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed
from streams.sources.absent_files import fix_of
from streams.sources.archive_members import ArchiveMembers
from streams.sources.carried_forward import NEITHER
from streams.sources.columns import Columns
from streams.sources.damaged_files import DAMAGE, broken
from streams.sources.delimited import csv_ticks
from streams.sources.json_lines import array_ticks, json_ticks
from streams.sources.json_values import LARGEST_DOCUMENT
from streams.sources.lines import LONGEST_LINE, CutLine, newline_of, whole_lines
from streams.sources.parquet_rows import ParquetRows
from streams.sources.plausible import expect_plausible
from streams.sources.reading import LOOKED_AT, FileReading
from streams.sources.signatures import ARROW, PARQUET
from streams.sources.stamped_messages import is_stamped, without_stamps
from streams.sources.unpacked import texts

SORTED_BLOCK = 4096

READERS = {b"{": json_ticks, b"[": array_ticks}
"""Reader by the first character of a text; every other text is CSV."""

BLANK = b"\xef\xbb\xbf \t\r\n"


class TickFile:
    """The ticks of one file, in the order of the file; iterate over it once.

    The kind of file is recognised by its first bytes, not by its name. Memory does not grow with the file, except for a
    JSON array and if `Columns.sort` is set.

    Args:
        path: path of the file.
        columns: settings for reading it; None for the default.
        strict: whether a row that cannot be read raises `Refused`. Otherwise it becomes a `RawTick`, which holds the
            row and what is wrong with it.
        stream: bytes to read instead of the file, which may be an endless pipe; `path` is then only a name. None: the
            file is opened.

    Raises:
        ConfigurationError: while iterating: the file does not exist or is of an unknown kind, columns are missing,
            times or numbers can be read in two ways, or the first ticks cannot be those of a market.
        BrokenFile: while iterating: the file is damaged; the ticks before the damage were yielded.
        Refused: while iterating: a row cannot be read, and `strict` is True.
    """

    def __init__(
        self,
        path: str | Path,
        columns: Columns | None = None,
        *,
        strict: bool = False,
        stream: BufferedReader | None = None,
    ) -> None:
        self.name = str(path)
        self._columns = columns or Columns()
        self._reading = FileReading(self.name, self._of(self.name), strict)
        self._stream, self._sorts = stream, self._columns.sort
        self._share: Callable[[], float | None] = lambda: None

    def __iter__(self) -> Iterator[Feed]:
        return chain.from_iterable(self.blocks())

    def share(self) -> float | None:
        """Part of the file that has been read so far, 0 to 1; None for a pipe, and before the first block."""
        return self._share()

    @property
    def understood(self) -> list[str]:
        """How the file is read, as one sentence for each kind of rows in it.

        Empty until the first block was read, and for a file that holds records of the topic `ticks` without any
        translation.
        """
        taken = self._reading.taken
        return list(dict.fromkeys(f"{self.name}: {sentence}" for each in taken if (sentence := each.said())))

    @property
    def left_out(self) -> str:
        """A sentence on how many rows so far were left out because they had neither bid nor ask; empty if none were."""
        count = self._reading.left_out
        return f"{self.name}: {count:,} rows left out: {NEITHER}" if count else ""

    def explained(self) -> list[tuple[dict[str, str], str]]:
        """What became of the first rows: for each, its cells by column, and its tick or the reason why there is none.

        Empty until the first block was read.
        """
        return [pair for taken in self._reading.taken for pair in taken.explained()]

    def unsorted(self) -> "TickFile":
        """Turn off the sorting that `Columns.sort` asks for, and return this same object.

        It is for reading only the beginning of a file; sorting would need all of it.
        """
        self._sorts = False
        return self

    def blocks(self) -> Iterator[list[Feed]]:
        """Yield the ticks in lists, one list for each part of the file, as soon as that part was read.

        The class names the errors that may be raised.
        """
        if self._stream is not None:
            yield from self._checked(self._of_bytes(self._stream, None))
            return
        path = Path(self.name)
        try:
            stream, size = path.open("rb"), path.stat().st_size
        except (OSError, ValueError) as error:  # a name with a zero byte is no name
            what = error.strerror if isinstance(error, OSError) else error
            fix = fix_of(self.name) if isinstance(error, FileNotFoundError) else ""
            raise ConfigurationError(f"{self.name}: expected a readable file, was: {what}{fix}") from error
        with stream:
            head = _head(stream, len(ARROW), self._reading, size)
            if head == ARROW or head.startswith(PARQUET):
                rows = ParquetRows(self._reading, feather=head == ARROW)
                self._share = rows.share
                yield from self._checked(rows.ticks())
            else:
                self._share = lambda: 1.0 if stream.closed or not size else stream.tell() / size
                yield from self._checked(self._of_bytes(stream, size))

    def _checked(self, blocks: Iterator[list[Feed]]) -> Iterator[list[Feed]]:
        """Pass on the blocks after the plausibility check of the first ticks."""
        if self._sorts:
            blocks = _sorted(blocks)
        seen: list[Quote | Trade] = []
        for block in blocks:
            seen += [tick for tick in block if isinstance(tick, Quote | Trade)]
            if self._columns.checked:
                expect_plausible(self.name, seen, in_order=not self._columns.sort)
            yield block
            if len(seen) >= LOOKED_AT:
                break
        yield from blocks

    def _of(self, name: str) -> Columns:
        """Columns of one file of an archive, with the symbol of that file, or else the symbol of the archive."""
        own = self._columns.of(name)
        return own if own is not self._columns else self._columns.of(self.name)

    def _of_bytes(self, stream: BufferedReader, size: int | None) -> Iterator[list[Feed]]:
        reading, members = self._reading, ArchiveMembers(self.name, self._columns.checked)
        try:
            for name, text in texts(self.name, stream, encoding=self._columns.encoding):
                reading.name, reading.row = name, 0
                reading.columns = self._of(name)
                yield from members.of(name, reading.columns.symbol, self._of_text(text))
        except DAMAGE as error:
            at = None if size is None or stream.closed else stream.tell()
            raise broken(reading.name, error, reading.row, at, size) from error

    def _of_text(self, stream: BufferedReader) -> Iterator[list[Feed]]:
        reading = self._reading
        head = stream.peek(1 << 12)
        newline = newline_of(head)
        is_json = head.lstrip(BLANK)[:1] in READERS
        blocks = whole_lines(stream, newline, LARGEST_DOCUMENT if is_json else LONGEST_LINE)
        if newline == b"\r":
            blocks = (block if type(block) is CutLine else block.replace(b"\r", b"\n") for block in blocks)
        if not is_json and is_stamped(head, newline):
            yield from json_ticks(without_stamps(blocks), reading)
            return
        for block in blocks:
            text = block.lstrip(BLANK)
            if text[:1] not in READERS and text:  # a tab may stand after the name of a column that has none
                text = _begun(block)
            reading.row += block[: len(block) - len(text)].count(b"\n") + (not text)
            if text:
                read = READERS.get(text[:1], csv_ticks)
                yield from read(chain([CutLine(text) if type(block) is CutLine else text], blocks), reading)


def _begun(block: bytes) -> bytes:
    """A block from its first line that is not blank."""
    text = block.removeprefix(BLANK[:3])
    while True:
        line, _, rest = text.partition(b"\n")
        if line.strip():
            return text
        text = rest


def _head(stream: BufferedReader, length: int, reading: FileReading, size: int) -> bytes:
    try:
        return stream.peek(length)[:length]
    except OSError as error:  # a folder opens, and cannot be read
        raise broken(reading.name, error, 0, None, size) from error


def _sorted(blocks: Iterable[list[Feed]]) -> Iterator[list[Feed]]:
    """Ticks by time, ties in the order of the file; a row without a time stays after its predecessor."""
    whole = [feed for _, feed in sorted(_timed(chain.from_iterable(blocks)), key=itemgetter(0))]
    for start in range(0, len(whole), SORTED_BLOCK):
        yield whole[start : start + SORTED_BLOCK]


def merged(files: Iterable[Iterable[Feed]]) -> Iterator[Feed]:
    """Merge several files into one sequence by event time; ticks of equal times come in the order of `files`.

    An item without a time follows the item before it in its file.

    Args:
        files: ticks of each file, sorted by time.
    """
    return map(itemgetter(1), merge(*map(_timed, files), key=itemgetter(0)))


def _timed(feed: Iterable[Feed]) -> Iterator[tuple[int, Feed]]:
    now = 0
    for item in feed:
        now = now if item.ts_event is None else item.ts_event
        yield now, item
