"""`python -m bench.peers [NAME...] [--json] [--ticks N] [--list]`: the same job by us and by what one would take.

Each peer runs right behind a drain by us, on the same topic, broker and cores; the ratio is of the two.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import tape
from bench.case import AbsentPartError
from bench.kafka_to_redis import PARTITIONS, fill, json_records
from bench.peers import job, ours, report, running
from bench.peers.roster import ARROW, FILE, PEERS, Peer
from bench.servers import running as served
from dataflows import kafka as clients
from schemas import names
from tests import servers

TOPIC = "peers"


@dataclass(frozen=True)
class Stage:
    """A broker with both topics filled, and what is right.

    Attributes:
        bootstrap: of the broker.
        lines: the file of JSON lines.
        right: the reference.
        want: what must be in Redis.
        processes: of ours: as many as drain this topic fastest.
        ticks: in the topic.
    """

    bootstrap: str
    lines: Path
    right: job.Reference
    want: ours.Wanted
    processes: int
    ticks: int

    def beside(self, peer: Peer) -> report.Row:
        """Ours, then the peer; nothing is said of either unless its rows are right."""
        command, before = peer.command(), os.getloadavg()[0]
        mine = ours.drain(self.bootstrap, self.want, self.processes)
        with running.folder() as folder:
            source = str(self.lines) if peer.source == FILE else self.bootstrap
            told = running.run(command, source, TOPIC, Path(folder), peer.runs)
            for file in told.rows:
                job.check(job.read_rows(file), self.right, peer.name)
        return report.row(peer, told, mine, self.ticks, (before, os.getloadavg()[0]))


def main(arguments: list[str] | None = None) -> int:
    """Runs the named peers, or all; the exit status is 1 if one failed or its output was wrong."""
    known = {peer.name: peer for peer in PEERS}
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all without a name")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON on standard output")
    parser.add_argument("--list", action="store_true", help="print the peers and what they are, and end")
    usual = f"{job.JSON_TICKS:,} as JSON and {job.ARROW_TICKS:,} in Arrow records"
    how_many = f"instead of {usual}, at least {job.LEAST_TICKS:,}: to try things; such rows are not kept"
    parser.add_argument("--ticks", type=int, metavar="N", help=how_many)
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.name if name not in known]:
        parser.error(f"no peer {', '.join(unknown)}; there are {', '.join(known)}")
    if asked.ticks is not None and asked.ticks < job.LEAST_TICKS:
        parser.error(f"--ticks {asked.ticks}: at least {job.LEAST_TICKS}, else instruments lack ticks to compare by")
    if asked.list:
        print("\n".join(f"{peer.name:<24} {peer.work}" for peer in PEERS))
        return 0
    return _run([known[name] for name in asked.name] or list(PEERS), asked.ticks, as_json=asked.json)


def _run(chosen: list[Peer], ticks: int | None, *, as_json: bool) -> int:
    rows: list[report.Row] = []
    skipped: dict[str, str] = {}
    failed = False
    for arrow in (False, True):
        mine = [peer for peer in chosen if (peer.source == ARROW) == arrow]
        if not mine:
            continue
        with _stage(arrow, ticks or (job.ARROW_TICKS if arrow else job.JSON_TICKS)) as stage:
            for peer in mine:
                _tell(f"\n{peer.name}: {peer.work}")
                try:
                    rows.append(stage.beside(peer))
                except AbsentPartError as absent:
                    skipped[peer.name] = str(absent)
                    _tell(f"  skipped: {absent}")
                except Exception as error:
                    failed = True
                    skipped[peer.name] = f"no figure: {error}".splitlines()[0]
                    _tell("".join(traceback.format_exception(error)))
                else:
                    _tell(report.line(rows[-1]))
                if ticks is None:
                    report.write(rows, skipped)  # after each, so that an interrupted run keeps what it has
    if as_json:
        print(json.dumps({"peers": rows, "skipped": skipped}))
    return int(failed)


@contextmanager
def _stage(arrow: bool, ticks: int) -> Iterator[Stage]:
    """Fills both topics: ours with its headers and the time behind it, the peers' with keys and closing ticks."""
    _tell(f"filling topics with {ticks:,} ticks {'in Arrow records' if arrow else 'as JSON'}")
    parts = job.partitions(ticks)
    right = job.reference(job.whole(parts))
    want = ours.Wanted(parts, right)
    with served(servers.Kafka()) as kafka, running.folder() as folder:
        lines = Path(folder) / "ticks.jsonl"
        kind = names.TICKS_ARROW if arrow else names.TICKS_JSON
        fill(kafka.bootstrap, [_records(part, arrow) for part in parts], kind, max(part.end_us for part in parts))
        _fill_keyed(kafka.bootstrap, parts, arrow)
        if not arrow:
            job.write_lines(parts, lines)
        parts.clear()
        taken = {count: ours.drain(kafka.bootstrap, want, count) for count in (1, 1, 2)}  # the first warms up
        for count, (seconds, rss_mb) in taken.items():
            _tell(f"  ours in {count} processes: {ticks / seconds / 1e3:,.0f} thousand ticks/s, {rss_mb:,.0f} MB")
        yield Stage(kafka.bootstrap, lines, right, want, min(taken, key=lambda count: taken[count][0]), ticks)


def _records(part: tape.Tape, arrow: bool) -> list[bytes]:
    return part.records() if arrow else json_records(part)


def _fill_keyed(bootstrap: str, parts: list[tape.Tape], arrow: bool) -> None:
    clients.ensure_topic(bootstrap, TOPIC, PARTITIONS)
    producer = clients.producer(bootstrap, linger_ms=20, batch_size=1_000_000, queue_buffering_max_messages=1_000_000)
    for number, part in enumerate(parts):
        for piece in (part, job.closing(part)):
            records = _records(piece, arrow)
            keys = [None] * len(records) if arrow else [tape.NAMES[code].encode() for code in piece.code.tolist()]
            for key, raw in zip(keys, records, strict=True):
                while True:
                    try:
                        producer.produce(TOPIC, raw, key=key, partition=number)
                        break
                    except BufferError:
                        producer.poll(0.05)
    if left := producer.flush(120):
        msg = f"Kafka did not take {left} records"
        raise RuntimeError(msg)


def _tell(text: str) -> None:
    """For people, so that standard output holds the JSON alone."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
