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
_FINE: Final = (
    0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.008, 0.015, 0.03, 0.06, 0.25, 1, 5, 30,
)  # fmt: skip
HOPS: Final = Histogram(
    "esi_hop_seconds", "A reading's time from door to door of the flow, sampled.", ["market", "hop"], buckets=_FINE
)
WHOLE: Final = Histogram(
    "esi_flow_seconds",
    "From the broker's time of the record that closed a step to its reading in Redis, sampled.",
    ["market"],
    buckets=_FINE,
)
STEP_END: Final = Histogram(
    "esi_step_end_seconds",
    "From a step's end in event time to its reading in Redis; of markets that live by the wall clock.",
    ["market"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 5, 15, 60),
)
POLL: Final = Histogram(
    "esi_poll_seconds",
    "Time between two looks at a partition's queue, of looks that found something, sampled.",
    ["feed"],
    buckets=_FINE,
)
REDIS_WAITS: Final = Counter("esi_redis_waits_total", "Times a flow had to wait for Redis.", ["market", "why"])
MODELS_LOADED: Final = Counter("esi_models_loaded_total", "Models loaded from the registry.", ["model"])
MODELS_REFUSED: Final = Counter("esi_models_refused_total", "Models that stayed out, by reason.", ["model", "reason"])
MODEL_FAULTS: Final = Counter(
    "esi_model_faults_total", "Moments for which a model in force gave nothing, by reason.", ["model", "reason"]
)
MODELS_SLOW: Final = Counter(
    "esi_models_slow_total", "Times a model in force took too long for many readings in a row.", ["model"]
)
MODELS_RELIEVED: Final = Counter("esi_models_relieved_total", "Seats emptied since the model was slow.", ["model"])
SENT: Final = Counter("esi_sent_ticks_total", "Ticks sent into a feed by a replayer or simulator.", ["feed"])
TOCKS: Final = Counter("esi_tocks_total", "Tocks sent into a feed.", ["feed"])
SKILL: Final = Gauge(
    "esi_forecast_skill",
    "1 - loss / loss of a yardstick, lately; NaN while it is not known.",
    ["market", "periods", "against"],
)
COVERAGE: Final = Gauge(
    "esi_forecast_coverage",
    "Share of outcomes within the interval that promises nominal; NaN while it is not known.",
    ["market", "periods", "nominal", "when"],
)
WEIGHT: Final = Gauge("esi_expert_weight", "Weight of an expert in the ensemble.", ["market", "periods", "expert"])
REGIME: Final = Gauge("esi_regime_probability", "Filtered probability of a regime.", ["market", "regime"])
IN_FORCE: Final = Gauge("esi_regime", "1 for the regime that is in force.", ["market", "regime"])
CHANGE: Final = Gauge("esi_change_probability", "Probability of a recent change of forecast errors.", ["market"])
ANOMALY: Final = Gauge(
    "esi_anomaly_probability", "Probability of a moment at least as unusual; NaN while warming up.", ["market"]
)
DRIFT: Final = Gauge("esi_drift_found", "How often a detector has found drift so far.", ["market", "detector"])
MODEL: Final = Gauge("esi_model_info", "1 for the version in force of a model.", ["market", "model", "version"])


def serve(port: int | None, host: str) -> int | None:
    """Starts the Prometheus page; returns its port, None if none is wanted."""
    if port is None:
        return None
    server, _thread = start_http_server(port, addr=host)
    return int(server.server_port)
