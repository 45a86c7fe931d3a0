"""One process of a flow that runs on several hosts: kept running, for all of them fall and come back together."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

import structlog

from deploy import crew, logs
from deploy.fleet import FlowChoice
from deploy.servers import esi
from deploy.settings import Settings, SettingsError

_ADDRESS: Final = re.compile(r"[^\s,:/]+:\d{1,5}")

log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """Where a process stands in its flow: the addresses of all, none for a flow of one, and the number of its own."""

    addresses: tuple[str, ...] = ()
    process_id: int = 0


def place(addresses: str | None, process_id: int | None) -> Place:
    """From what was given as flags.

    Raises:
        SettingsError: they do not fit each other; the message says how they do.
    """
    if addresses is None:
        if process_id is not None:
            raise SettingsError("--process-id says which of --addresses this process is: give both or neither")
        return Place()
    given = tuple(part.strip() for part in addresses.split(","))
    if not all(_ADDRESS.fullmatch(one) for one in given):
        msg = f"--addresses is {addresses!r}: give HOST:PORT for each process, with commas"
        raise SettingsError(msg)
    if len(set(given)) < len(given):
        msg = f"--addresses is {addresses!r}: every process has an address of its own"
        raise SettingsError(msg)
    if process_id is None or not 0 <= process_id < len(given):
        msg = f"--process-id is {process_id}: with {len(given)} addresses it is a number from 0 to {len(given) - 1}"
        raise SettingsError(msg)
    return Place(given, process_id)


def run(settings: Settings, choice: FlowChoice, own: Place) -> int:
    """Keeps this host's process of the flow running until asked to stop.

    If one process of a flow ends, Bytewax ends all of them; each host starts its own again, and they wait for each
    other. It never gives up: another host may be away for as long as it likes.
    """
    logs.configure(f"flow {choice.feed}", settings.log_level, settings.log_format)
    log.info("one_of_several", process_id=own.process_id, addresses=own.addresses)
    command = esi(
        *choice.arguments(), "--member", "--addresses", ",".join(own.addresses), "--process-id", str(own.process_id),
        "--metrics-port", str(settings.metrics_port),
    )  # fmt: skip
    return crew.keep([command], {**os.environ, **settings.environment()}, for_ever=True)
