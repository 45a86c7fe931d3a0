"""Trade and quote files, `ts_ms,symbol,price,size` or `ts_ms,symbol,venue,bid,ask`, plain or gz, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from dataflows.sources.trade_rows import (
    COLUMNS,
    NEEDED,
    Refused,
    Sifted,
    TradeFileError,
    check_columns,
    is_in_time,
    sifted,
)


@dataclass(frozen=True)
class Trades:
    """Ticks of one or several files in time order; `code` points into `symbols`.

    Attributes:
        symbols: names of instruments, as the files spell them.
        code: which of them each tick is of.
        columns: by name, one value a tick.
        refused: rows that cannot be read, in the order of the files.
        cut: a sentence for each file that ends too early.
    """

    symbols: tuple[str, ...]
    code: npt.NDArray[np.int32]
    columns: dict[str, npt.NDArray[Any]]
    refused: tuple[Refused, ...] = ()
    cut: tuple[str, ...] = ()

    @property
    def ts_us(self) -> npt.NDArray[np.int64]:
        """Event times, microseconds since 1970 (UTC)."""
        return self.columns["ts_us"]


def read(files: tuple[Path, ...]) -> Trades:
    """Reads trade files; rows that are out of order stay as they are, the flow judges them.

    A row that cannot be read is set aside, and a gz that was cut gives what stands before the cut.

    Raises:
        TradeFileError: no file, no CSV, a column is missing, or there is no row that can be read.
    """
    parts = [_file(file) for file in files]
    table = pa.concat_tables([part.table for part in parts], promote_options="default").combine_chunks()
    if not table.num_rows:
        msg = f"{', '.join(map(str, files))}: no row in it"
        raise TradeFileError(msg)
    symbol = table["symbol"].dictionary_encode().combine_chunks()
    columns: dict[str, npt.NDArray[Any]] = {"ts_us": table["ts_ms"].to_numpy() * 1000}
    columns["seq"] = np.arange(table.num_rows)  # what is sent again after a crash is known by it
    for name in ("price", "size", "bid", "ask"):
        if name in table.column_names:
            columns[name] = table[name].to_numpy()
    return Trades(
        tuple(symbol.dictionary.to_pylist()),
        symbol.indices.to_numpy().astype(np.int32),
        columns,
        tuple(one for part in parts for one in part.refused),
        tuple(part.cut for part in parts if part.cut),
    )


def _file(file: Path) -> Sifted:
    """One file: in one go, or row by row where that fails.

    Raises:
        TradeFileError: it cannot be used at all.
    """
    try:
        part = Sifted(_at_once(file))
        if not is_in_time(part.table):
            part = sifted(file)
    except FileNotFoundError as error:
        msg = f"{file}: no such file"
        raise TradeFileError(msg) from error
    except (pa.ArrowException, OSError):
        part = _sifted(file)
    check_columns(file, part.table.column_names)
    kept = [name for name in COLUMNS if name in part.table.column_names]
    table = part.table.select(kept).cast(pa.schema([(name, COLUMNS[name]) for name in kept]))
    return Sifted(table, part.refused, part.cut)


def _at_once(file: Path) -> pa.Table:
    options = csv.ConvertOptions(column_types=COLUMNS)
    with pa.input_stream(str(file), compression="gzip" if file.suffix == ".gz" else None) as stream:
        return csv.read_csv(stream, convert_options=options)


def _sifted(file: Path) -> Sifted:
    try:
        return sifted(file)
    except (pa.ArrowException, OSError) as error:
        msg = f"{file}: {error}; expected a CSV with the columns {NEEDED}"
        raise TradeFileError(msg) from error
