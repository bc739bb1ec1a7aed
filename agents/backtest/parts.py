"""Result tables of a backtest: written as many small Parquet files while it runs, joined into one table at the end.

A segment is a run of consecutive input ticks between two checkpoints. A share is the set of partitions that one
process computes. A part file holds the rows of one table that come from one segment and one share.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from schemas.codec import encode
from schemas.errors import EnvironmentProblem
from streams.reports.backtest_columns import LINES, TABLES, TIMES, columns, plain_types

try:
    import pyarrow as arrow
    import pyarrow.compute
    from pyarrow import parquet
except ImportError as error:
    raise EnvironmentProblem("expected pyarrow, was not installed; fix: pip install pyarrow") from error

AT = "_at"
"""Column of a part: index in the input of the tick that led to a row."""

LINE = "line"
"""Column of a part whose records are kept as JSON lines: the record."""


class RecordRows:
    """Collects records of one class in memory, in order, until they are written to a Parquet file."""

    def __init__(self, kind: type[Struct]) -> None:
        self.kind = kind
        self.at: list[int] = []
        self.records: list[Any] = []

    def add(self, at: int, record: Struct) -> None:
        self.at.append(at)
        self.records.append(record)

    def write(self, path: Path) -> None:
        """Write the collected records to a Parquet file at `path`, and forget them. Without any, delete the file."""
        if self.records:
            written = path.with_suffix(".new")
            parquet.write_table(self._table(), written)
            written.replace(path)
        else:
            path.unlink(missing_ok=True)
        self.at, self.records = [], []

    def _table(self) -> Any:
        at = arrow.array(self.at, arrow.int64())
        if self.kind in LINES:
            lines = [encode(record).decode() for record in self.records]
            return arrow.table({AT: at, LINE: arrow.array(lines, arrow.string())})
        types = arrow_types(self.kind)
        made = columns(self.kind, self.records)
        return arrow.table({AT: at} | {name: arrow.array(cells, types.get(name)) for name, cells in made.items()})


def arrow_types(kind: type[Struct]) -> dict[str, Any]:
    """Arrow types of the table columns that are plain fields of the record class `kind`, by column name."""
    of = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    time = arrow.timestamp("ns", tz="UTC")
    return {name: time if name in TIMES else of[value] for name, value in plain_types(kind).items()}


def part_path(folder: Path, kind: type[Struct], segment: int, share: int) -> Path:
    """Path of an intermediate file of a backtest: the rows of one table, from one segment and one share.

    Args:
        folder: folder of the intermediate files.
        kind: record class of the table.
        segment: number of the segment (a run of consecutive input ticks between two checkpoints), from 0.
        share: number of the share (the partitions that one process computes), from 0.
    """
    return folder / f"{TABLES[kind]}-{segment:06d}-{share:03d}.parquet"


def assemble(parts: Path, kind: type[Struct], segments: int, shares: int, target: Path) -> None:
    """Join the intermediate files of one table into the file `target`, with its rows in the order of the input ticks.

    In a Parquet table, each segment (the input ticks between two checkpoints) becomes one row group.

    Args:
        parts: folder of the intermediate files.
        kind: record class of the table.
        segments: number of segments.
        shares: number of shares (the partitions that one process computed).
        target: file to write; `kind` decides whether it is Parquet or JSON lines.
    """
    written = target.with_suffix(".new")
    if kind in LINES:
        with written.open("w", encoding="utf-8") as lines:
            for table in _segments(parts, kind, segments, shares):
                lines.writelines(f"{line}\n" for line in table.column(LINE).to_pylist())
    else:
        schema = _schema(parts, kind, segments, shares)
        with parquet.ParquetWriter(written, schema) as writer:
            for table in _segments(parts, kind, segments, shares):
                writer.write_table(_fitted(table, schema))
    written.replace(target)


def _schema(parts: Path, kind: type[Struct], segments: int, shares: int) -> Any:
    plain = arrow.schema(arrow_types(kind))
    names = [part_path(parts, kind, segment, share) for segment in range(segments) for share in range(shares)]
    found = [parquet.read_schema(path) for path in names if path.exists()]
    if not found:
        return plain
    unified = arrow.unify_schemas([each.remove_metadata() for each in found], promote_options="permissive")
    return unified.remove(unified.get_field_index(AT))


def _segments(parts: Path, kind: type[Struct], segments: int, shares: int) -> Iterator[Any]:
    for segment in range(segments):
        paths = [part_path(parts, kind, segment, share) for share in range(shares)]
        tables = [parquet.read_table(path) for path in paths if path.exists()]
        if len(tables) == 1:
            yield tables[0]
        elif tables:
            together = arrow.concat_tables(tables, promote_options="permissive")
            yield together.take(arrow.compute.sort_indices(together, sort_keys=[(AT, "ascending")]))


def _fitted(table: Any, schema: Any) -> Any:
    held: Sequence[str] = table.column_names
    cells = [
        table.column(field.name).cast(field.type) if field.name in held else arrow.nulls(len(table), field.type)
        for field in schema
    ]
    return arrow.table(cells, schema=schema)
