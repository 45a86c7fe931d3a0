"""All benchmarks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from bench import alert_delivery, alert_rules, engine, fanout, kafka_to_redis, replay_real, start, step
from bench.case import Benchmark

BENCHMARKS: Final = (
    Benchmark("engine", engine.WORK, engine.measure),
    Benchmark("step", step.WORK, step.measure),
    Benchmark("kafka_to_redis", kafka_to_redis.WORK, kafka_to_redis.measure_arrow),
    Benchmark("json_ticks", kafka_to_redis.JSON_WORK, kafka_to_redis.measure_json),
    Benchmark("replay_real", replay_real.WORK, replay_real.measure),
    Benchmark("start", start.WORK, start.measure),
    Benchmark("fanout", fanout.WORK, fanout.measure),
    Benchmark("alert_rules", alert_rules.WORK, alert_rules.measure),
    Benchmark("alert_delivery", alert_delivery.RATE, alert_delivery.measure),
)
