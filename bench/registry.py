"""All benchmarks, in the order in which they run."""

from __future__ import annotations

from typing import Final

from bench import (
    alert_delivery,
    alert_rules,
    backlog,
    convergence,
    decode,
    engine,
    fanout,
    instructions,
    instruments,
    kafka_to_redis,
    lanes,
    latency,
    latency_truth,
    markets,
    replay_real,
    rest_latest,
    rest_latest_auth,
    scoring,
    stalls,
    start,
    step,
    swaps,
    us,
)
from bench.case import Benchmark

BENCHMARKS: Final = (
    Benchmark("engine", engine.WORK, engine.measure),
    Benchmark("decode", decode.WORK, decode.measure),
    Benchmark("step", step.WORK, step.measure),
    Benchmark("instructions", instructions.WORK, instructions.measure),
    Benchmark("us_history", us.WORK, us.history),
    Benchmark("us_step", us.STEP_WORK, us.step),
    Benchmark("us_state", us.STATE_WORK, us.state),
    Benchmark("convergence", convergence.WORK, convergence.measure),
    Benchmark("scoring", scoring.WORK, scoring.measure),
    Benchmark("swaps", swaps.WORK, swaps.measure),
    Benchmark("instruments", instruments.TICK, instruments.measure),
    Benchmark("lanes", lanes.WORK, lanes.measure),
    Benchmark("kafka_to_redis", kafka_to_redis.WORK, kafka_to_redis.measure_arrow, kafka=True),
    Benchmark("json_ticks", kafka_to_redis.JSON_WORK, kafka_to_redis.measure_json, kafka=True),
    Benchmark("latency", latency.WORK, latency.measure, kafka=True),
    Benchmark("latency_truth", latency_truth.WORK, latency_truth.measure, kafka=True),
    Benchmark("backlog", backlog.WORK, backlog.measure, kafka=True),
    Benchmark("stalls", stalls.STALL, stalls.measure, kafka=True),
    Benchmark("markets", markets.WORK, markets.measure, kafka=True),
    Benchmark("replay_real", replay_real.WORK, replay_real.measure, kafka=True),
    Benchmark("start", start.WORK, start.measure),
    Benchmark("fanout_1k", fanout.work(fanout.ONE_K), fanout.measure_1k),
    Benchmark("fanout_10k_10hz", fanout.work(fanout.TEN_K), fanout.measure_10k),
    Benchmark("rest_latest", rest_latest.WORK, rest_latest.measure),
    Benchmark("rest_latest_auth", rest_latest_auth.WORK, rest_latest_auth.measure),
    Benchmark("alert_rules", alert_rules.WORK, alert_rules.measure),
    Benchmark("alert_delivery", alert_delivery.RATE, alert_delivery.measure),
    Benchmark("fanout_100k", fanout.work(fanout.HUNDRED_K), fanout.measure_100k),
)
