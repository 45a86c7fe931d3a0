"""Decoding alone, in one process: records to columns, with every reason to refuse a tick looked for."""

from __future__ import annotations

from typing import Final

import numpy as np

from bench import tape
from bench.case import Figure, require, seconds
from bench.kafka_to_redis import json_records
from schemas import json_wire
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_ticks

WORK: Final = "200,000 single JSON ticks of 500 instruments, decoded in batches of 10,000 by the ordinary decoder"
ARROW_WORK: Final = "2,048,000 ticks in uncompressed Arrow records of 8,192, decoded, names of instruments looked up"
JSON_TICKS: Final = 200_000
BATCH: Final = 10_000
ARROW_TICKS: Final = 250 * tape.ROWS
REPEATS: Final = 9


def measure() -> list[Figure]:
    """Million ticks a second of either kind."""
    known = Instruments(tape.NAMES)
    few, many = tape.make(JSON_TICKS, 1), tape.make(ARROW_TICKS, 1)
    singles, records = json_records(few), many.records()
    batches = [singles[first : first + BATCH] for first in range(0, len(singles), BATCH)]
    price = np.concatenate([json_wire.decode_ticks(batch, known).batch.price for batch in batches])
    require(np.array_equal(price, few.price), "decoded JSON ticks have other prices")
    price = np.concatenate([decode_ticks(record, known).price for record in records])
    require(np.array_equal(price, many.price), "decoded Arrow ticks have other prices")
    by_json = seconds(lambda: [json_wire.decode_ticks(batch, known) for batch in batches], REPEATS)
    by_arrow = seconds(lambda: [decode_ticks(record, known) for record in records], REPEATS)
    json_rates = tuple(JSON_TICKS / 1e6 / taken for taken in by_json)
    arrow_rates = tuple(ARROW_TICKS / 1e6 / taken for taken in by_arrow)
    return [
        Figure("decode", json_rates, "million ticks/s", work=WORK),
        Figure("decode/arrow", arrow_rates, "million ticks/s", work=ARROW_WORK),
    ]
