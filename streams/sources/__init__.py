"""Where ticks come from: files of many formats, tables in memory, and synthetic markets.

* Whole files: `files`, `several_files`, `archive_members`, `damaged_files`, `absent_files`, `reading`.
* Tables in memory: `frames`.
* Bytes to text: `signatures` (kinds of files), `unpacked`, `text_encoding`, `lines`.
* Readers: `delimited` (CSV), `json_lines`, `json_values`, `json_fields`, `json_sample`, `paths`, `stamped_messages`,
  `parquet_rows`, `numpy_rows`, `dbn`.
* Columns: `columns`, `layout` (row to tick), `formats`, `missing_columns`, `suggested_names`, `column_kinds`,
  `proposal`.
* Fields of a row: `cells`, `times`, `time_spelling`, `kinds_and_numbers`, `aggressors`, `sizes`.
* Rows that are not one tick each: `bars`, `books`, `book_rows`, `book_messages`, `carried_forward`.
* Checks of the first rows: `first_row_checks`, `sampled`, `order_rows`, `markets`, `plausible`.
* Synthetic: `synthetic`, `planted_signal`, `bad_ticks`.
"""
