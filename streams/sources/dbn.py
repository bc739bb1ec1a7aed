"""Reads DBN, the binary format of Databento, as CSV, by means of Databento's own client."""

from collections.abc import Iterator
from io import BufferedReader, BytesIO

from schemas.errors import ConfigurationError
from streams.sources.cells import shortened

DBN = b"DBN"
BLOCK = 1 << 18
MOST_METADATA = 1 << 28
"""Bytes in front of the records; the names of all options of a market take some MB."""


class _Written(BytesIO):
    """Collects what is written."""

    def taken(self) -> bytes:
        """The bytes that were written since the last call."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


def as_csv(name: str, stream: BufferedReader) -> Iterator[bytes]:
    """Convert a DBN file to blocks of CSV with a header.

    Prices have a decimal point, times are ns since 1970, and a column holds the symbols if the file tells them.

    Args:
        name: name of the file, for errors.
        stream: content of the file, unpacked.

    Raises:
        ConfigurationError: Databento's client is not installed, or the file holds records of several schemas.
        OSError: the file is damaged.
        EOFError: the file ends too early.
    """
    try:
        import databento_dbn
    except ImportError as error:
        raise ConfigurationError(
            f"{name}: expected databento-dbn to read DBN, was not installed; fix: pip install 'tickloop[databento]'"
        ) from error
    written = _Written()
    try:
        begin = _exactly(stream, 8)
        begin += _exactly(stream, int.from_bytes(begin[4:8], "little"))
        metadata = databento_dbn.Metadata.decode(begin)
        if metadata.schema is None:
            raise ConfigurationError(
                f"{name}: expected DBN of one schema, was a recording of several; fix: split it with their client"
            )
        csv, plain = databento_dbn.Encoding("csv"), databento_dbn.Compression("none")
        making = databento_dbn.Transcoder(written, csv, plain, pretty_ts=False, map_symbols=bool(metadata.mappings))
        block = begin
        while block:
            making.write(block)
            making.flush()
            if text := written.taken():
                yield text
            block = stream.read1(BLOCK)
        if making.buffer():
            raise EOFError
    except databento_dbn.DBNError as error:
        raise OSError(shortened(str(error).partition("\n")[0], 120)) from error


def _exactly(stream: BufferedReader, count: int) -> bytes:
    if count > MOST_METADATA:
        raise OSError(f"metadata of {count} bytes")
    got = stream.read(count)
    if len(got) < count:
        raise EOFError
    return got
