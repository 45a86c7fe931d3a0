"""What came of it: `results/peers.json`, a row a peer, and the table in README.md made of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import results
from bench.peers.roster import PEERS, Peer
from bench.peers.running import Told

FILE: Final = results.HERE / "peers" / "results.json"
BEGIN, END = "<!-- peers begin -->", "<!-- peers end -->"
LEAST_MEMORY: Final = 5.0
"""Times our memory that a streaming peer on JSON takes, as promised of the fastest."""

Row = dict[str, Any]


def row(peer: Peer, told: Told, ours: tuple[float, float], ticks: int, load: tuple[float, float]) -> Row:
    """A peer beside us in the same minute.

    `ours` are seconds and MB of the drain just before; `load` is the machine's, before and after. Rates are thousand
    ticks a second; warm is the best run but the first, or the only one.
    """
    cold, warm = told.seconds[0], min(told.seconds[1:] or told.seconds)
    return {
        "name": peer.name,
        "source": peer.source,
        "work": peer.work,
        "ticks": ticks,
        "cold": ticks / cold / 1e3,
        "warm": ticks / warm / 1e3,
        "rss_mb": told.rss_mb,
        "ours": ticks / ours[0] / 1e3,
        "ours_rss_mb": ours[1],
        "ratio": warm / ours[0],
        "memory": told.rss_mb / ours[1],
        "bar": peer.least_ratio,
        "load": list(load),
        "commit": results.commit(),
        "machine": results.machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def line(row: Row) -> str:
    """For people."""
    bar = "" if row["bar"] is None else f"; bar {row['bar']:g}: {'reached' if row['ratio'] >= row['bar'] else 'missed'}"
    return (
        f"  {row['name']:<24} cold {row['cold']:>9,.0f}, warm {row['warm']:>9,.0f} thousand ticks/s, "
        f"{row['rss_mb']:>6,.0f} MB; ours {row['ours']:>7,.0f} thousand ticks/s, {row['ours_rss_mb']:,.0f} MB: "
        f"{row['ratio']:.2f} times as fast{bar}; load {row['load'][0]:.1f} to {row['load'][1]:.1f}"
    )


def write(fresh: list[Row], skipped: dict[str, str], file: Path = FILE, readme: Path = results.README) -> None:
    """Puts new rows in place of those of the same peers, and renews the table."""
    before: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"peers": [], "skipped": {}}
    by_name = {row["name"]: row for row in [*before["peers"], *fresh]}
    order = [peer.name for peer in PEERS if peer.name in by_name]
    left_out = {name: why for name, why in (before["skipped"] | skipped).items() if name not in by_name}
    whole = {"peers": [by_name[name] for name in order], "skipped": left_out}
    file.write_text(json.dumps(whole, indent=2) + "\n")
    text = readme.read_text()
    if BEGIN in text:
        readme.write_text(results.replaced(text, table(whole), BEGIN, END))


def table(whole: dict[str, Any]) -> str:
    """Markdown: a row a peer, and what each is."""
    rows = [
        "| Peer | Cold | Warm | Memory | Ours beside it | Our memory | Ours by warm | Memory by ours | Bar | Load |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [_cells(row) for row in whole["peers"]]
    works = [f"- `{row['name']}`: {row['work']}; {row['ticks']:,} ticks, commit `{row['commit']}`, {row['at'][:10]}, "
             f"{row['machine'].partition(',')[0]}" for row in whole["peers"]]  # fmt: skip
    missing = [f"- `{name}` skipped: {why}" for name, why in whole["skipped"].items()]
    fastest = _fastest(whole["peers"])
    return "\n".join([*rows, "", *([fastest, ""] if fastest else []), *works, *missing])


def _cells(row: Row) -> str:
    bar = "" if row["bar"] is None else f"≥ {row['bar']:g}{'' if row['ratio'] >= row['bar'] else ', missed'}"
    return (
        f"| `{row['name']}` | {row['cold']:,.0f} | {row['warm']:,.0f} | {row['rss_mb']:,.0f} | {row['ours']:,.0f} "
        f"| {row['ours_rss_mb']:,.0f} | {row['ratio']:.2f} | {row['memory']:.1f} | {bar} "
        f"| {row['load'][0]:.1f} to {row['load'][1]:.1f} |"
    )


def _fastest(rows: list[Row]) -> str:
    """The sentence on the bar: the fastest tuned, warm streaming peer on JSON."""
    streaming = [row for row in rows if row["source"] == "json"]
    if not streaming:
        return ""
    best = max(streaming, key=lambda row: float(row["warm"]))
    reached = "reached" if best["ratio"] >= 2 else "missed"
    small = "reached" if best["memory"] >= LEAST_MEMORY else "missed"
    return (
        f"The fastest streaming peer on JSON, warm, is `{best['name']}`: ours is {best['ratio']:.2f} times as fast "
        f"(bar 2: {reached}), and it took {best['memory']:.1f} times our memory (bar 5: {small})."
    )
