"""Runs one feed's flow in this process: the composition root."""

from __future__ import annotations

import dataclasses
import gc
import os
import sys
from datetime import timedelta

import structlog
from bytewax._bytewax import cli_main
from bytewax.recovery import RecoveryConfig

from dataflows import kafka, lanes, metrics, peers, stopping
from dataflows.beginning import begin, publish
from dataflows.cards import card
from dataflows.config import FlowConfig, FlowError
from dataflows.ended import ended
from dataflows.herald import keep_told
from dataflows.recovery import made, none_here, of_room
from dataflows.restating import explained, refuse_restating
from dataflows.shelf import shelf_of
from dataflows.sink import StreamsSink, announce
from dataflows.source import FeedSource
from dataflows.stress_index import build
from models.signals.step import StateVersionError
from models.warm import warm_all

log = structlog.get_logger()


def run(config: FlowConfig) -> None:
    """Runs until it is asked to stop (SIGTERM, SIGINT), and then ends the process; saves every `epoch_ms`.

    Raises:
        FlowError: it cannot start or go on; the message says what to do.
    """
    os.environ.pop("BYTEWAX_DATAFLOW_API_ENABLED", None)  # its web server listens everywhere and has no lock
    stopping.listen()
    port = metrics.serve(config.metrics_port, config.metrics_host)
    partitions = kafka.ensure_topic(config.kafka, config.topic, config.partitions)
    config = dataclasses.replace(config, partitions=partitions)
    markets = {config.market_name(market): market for market in config.markets}
    refuse_restating(config, markets)
    announce(config, {name: card(market, config.run) for name, market in markets.items()})
    beginning = begin(config)
    if config.process_id == 0:
        publish(config, beginning)
        keep_told(config, markets)
    source = FeedSource(config, beginning.folds)
    sink = StreamsSink(config, ended(config.state_dir, markets))
    flow = build(source, sink, markets, partitions, config.run, begun=beginning.steps, shelf=shelf_of(config))
    log.info(
        "flow_starts", feed=config.feed, markets=sorted(markets), partitions=partitions, metrics_port=port,
        process_id=config.process_id, processes=len(config.addresses) or 1, workers=config.workers,
    )  # fmt: skip
    lanes.load(config.lane)
    warm_all(config.markets)
    gc.collect()
    gc.freeze()  # what is there by now stays for good: no reading waits while the collector looks through it
    peers.watch(config.addresses, config.process_id)
    _execute(flow, config)
    stopping.end()


def _execute(flow: object, config: FlowConfig) -> None:
    folder = made(config.state_dir) if config.process_id == 0 else none_here(config.state_dir)
    store = RecoveryConfig(str(folder), timedelta(0))  # type: ignore[no-untyped-call] # as below
    try:
        cli_main(  # type: ignore[no-untyped-call] # Bytewax leaves its engine untyped
            flow,
            workers_per_process=config.workers,
            process_id=config.process_id if config.addresses else None,
            addresses=list(config.addresses) or None,
            epoch_interval=timedelta(milliseconds=config.epoch_ms),
            recovery_config=store,
        )
    except BaseException as error:  # a panic of Bytewax is no Exception
        raise _cause(error, config) from error


def _cause(error: BaseException, config: FlowConfig) -> BaseException:
    """The error beneath what Bytewax raises that says what to do, or one of its store, or the error itself."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, FlowError):
            return inner
        if isinstance(inner, StateVersionError):
            return explained(inner, config)
        inner = inner.__cause__ or inner.__context__
    return of_room(config.state_dir, error)


def exit_with(error: FlowError) -> None:
    """Says what went wrong and ends the process."""
    sys.stderr.write(f"esi flow: {error}\n")
    sys.exit(1)
