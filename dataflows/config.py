"""What a flow is told: plain values, read by others from wherever settings live."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from schemas import names
from schemas.instrument import Instrument
from schemas.market import Market


class FlowError(RuntimeError):
    """A flow that cannot start or go on; the message says why and what to do."""


class NotNowError(FlowError):
    """It cannot now, because of a server, a disk or another flow: the same command may succeed later."""

    passes = True


@dataclass(frozen=True)
class FlowConfig:
    """One feed's flow.

    Attributes:
        feed: name of the feed, with its run after `~` if it is a replay.
        markets: the markets that read it.
        kafka: bootstrap servers, `host:port[,host:port]`.
        redis_url: where readings go.
        state_dir: folder of the recovery store; made when missing.
        run: name of the run, for replays; markets' streams carry it.
        workers: worker threads of this process.
        addresses: of all processes of the flow (`host:port`), empty for a single one.
        process_id: which of them this is.
        epoch_ms: how often state is saved, milliseconds.
        metrics_port: port of the Prometheus page, 0 for a free one, None for none.
        metrics_host: address it listens on.
        incarnation: identity of a broker that forgets; empty for real Kafka, which does not.
        partitions: partitions to make, if the topic is not there yet.
        lane: "fast" reads single JSON ticks without a Python object each, "ordinary" by the client's own calls.
        references: folder of reference artifacts that fresh markets begin with, if any.
        registry: folder of trained models; None: control records that promote one are told and seat nobody.
        cap: entries at which a stream's oldest are cut, archived or not.
    """

    feed: str
    markets: tuple[Market, ...]
    kafka: str
    redis_url: str
    state_dir: Path
    run: str | None = None
    workers: int = 1
    addresses: tuple[str, ...] = field(default=())
    process_id: int = 0
    epoch_ms: int = 250
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    incarnation: str = ""
    partitions: int = 4
    lane: str = "fast"
    references: Path | None = None
    registry: Path | None = None
    cap: int = 200_000

    def __post_init__(self) -> None:
        """Refuses markets that cannot share a feed."""
        if not self.markets:
            msg = f"feed {self.feed!r} has no market: name one with --market"
            raise FlowError(msg)
        first = self.markets[0]
        for other in self.markets[1:]:
            for what in ("bar", "lateness", "clock", "validation"):
                if getattr(other, what) != getattr(first, what):
                    msg = f"markets {first.name!r} and {other.name!r} share feed {self.feed!r} but differ in {what}"
                    raise FlowError(msg)

    @property
    def topic(self) -> str:
        """The feed's topic."""
        return names.ticks_topic(self.feed)

    @property
    def group(self) -> str:
        """Consumer group of the committed offsets."""
        return names.flow_group(self.feed)

    @property
    def single(self) -> bool:
        """Whether one worker does it all."""
        return self.workers == 1 and not self.addresses

    def market_name(self, market: Market) -> str:
        """Name under which a market publishes here."""
        return names.with_run(market.name, self.run)

    def feed_market(self) -> Market:
        """One market with the instruments of all, for folding ticks into bars once.

        Raises:
            FlowError: an instrument is described in two ways.
        """
        union = {i.name: i for i in self.markets[0].instrument}
        for market in self.markets[1:]:
            for instrument in market.instrument:
                if _judged(union.setdefault(instrument.name, instrument)) != _judged(instrument):
                    msg = (
                        f"instrument {instrument.name!r} of feed {self.feed!r} is described in two ways: its ticks are "
                        f"judged once for all markets, by kind, allow_negative and max_move"
                    )
                    raise FlowError(msg)
        # a run has no clock but its own records, whatever its market does when it is live
        clock = "records" if self.run is not None else self.markets[0].clock
        return self.markets[0].model_copy(update={"instrument": tuple(union.values()), "clock": clock})


def _judged(instrument: Instrument) -> tuple[str, bool, float | None]:
    """What validation goes by; the rest is each market's own."""
    return instrument.kind, instrument.allow_negative, instrument.max_move
