"""What a flow tells Prometheus. Names are part of the contract with the board in deploy/grafana."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, start_http_server

TICKS: Final = Counter("esi_ticks_total", "Ticks read, good and bad.", ["feed", "partition"])
BARS: Final = Counter("esi_bars_total", "Partial bars closed.", ["feed", "partition"])
REJECTS: Final = Counter("esi_rejects_total", "Ticks and records not used, by reason.", ["feed", "reason"])
LAG: Final = Gauge("esi_lag_records", "Records in the partition not yet read.", ["feed", "partition"])
WATERMARK: Final = Gauge(
    "esi_watermark_seconds", "Event time of the partition, seconds since 1970.", ["feed", "partition"]
)
EPOCH: Final = Histogram(
    "esi_epoch_seconds", "Time between two saves of the state.", ["feed"], buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10)
)
LAST_EPOCH: Final = Gauge("esi_last_epoch_timestamp_seconds", "Wall time of the last save of the state.", ["feed"])
READINGS: Final = Counter("esi_readings_total", "Readings published.", ["market", "kind"])
REFUSALS: Final = Counter("esi_refusals_total", "Entries that Redis had already, or had trimmed.", ["market", "kind"])
PUBLISH: Final = Histogram(
    "esi_publish_seconds",
    "Time for Redis to take a batch of entries.",
    ["market"],
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
REDIS_WAITS: Final = Counter("esi_redis_waits_total", "Times a flow had to wait for Redis.", ["market", "why"])
MODELS_LOADED: Final = Counter("esi_models_loaded_total", "Models loaded from the registry.", ["model"])
MODELS_REFUSED: Final = Counter("esi_models_refused_total", "Models that stayed out, by reason.", ["model", "reason"])
MODEL_FAULTS: Final = Counter(
    "esi_model_faults_total", "Moments for which a model in force gave nothing, by reason.", ["model", "reason"]
)
SENT: Final = Counter("esi_sent_ticks_total", "Ticks sent into a feed by a replayer or simulator.", ["feed"])
TOCKS: Final = Counter("esi_tocks_total", "Tocks sent into a feed.", ["feed"])


def serve(port: int | None, host: str) -> int | None:
    """Starts the Prometheus page; returns its port, None if none is wanted."""
    if port is None:
        return None
    server, _thread = start_http_server(port, addr=host)
    return int(server.server_port)
