"""Flags that several verbs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path | None, typer.Option("--data", help="Folder of everything that is kept.")]
MetricsPort = Annotated[int | None, typer.Option(help="Port of the Prometheus page, 0 for a free one.")]
Kafka = Annotated[str | None, typer.Option("--kafka-url", help="Kafka, host:port.")]
Redis = Annotated[str | None, typer.Option("--redis-url", help="Redis or Valkey.")]
Postgres = Annotated[str | None, typer.Option("--postgres-url", help="PostgreSQL.")]
Feed = Annotated[str, typer.Option(help="Name of the feed.")]
MarketsOption = Annotated[
    list[str] | None, typer.Option("--market", help="A shipped market, or a market file; repeat it for several.")
]


ApiPort = Annotated[int | None, typer.Option(help="Port of the API and the page.")]
Rate = Annotated[int | None, typer.Option(help="Synthetic ticks a second.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the synthetic market.")]

ApiProcesses = Annotated[int | None, typer.Option(help="Processes that share the port.")]
Processes = Annotated[int | None, typer.Option(help="Processes of each flow.")]
AddressFile = Annotated[Path | None, typer.Option(help="Where to write the address as JSON.")]
Addresses = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT,...",
        help="One for each process of a flow that runs on several hosts, the same everywhere, on a private network.",
    ),
]
ProcessId = Annotated[int | None, typer.Option(help="Which of these addresses this process is, from 0 on.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
