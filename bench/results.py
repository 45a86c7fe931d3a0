"""Results: the newest in `latest.json`, each run by date, and the table in README.md made of them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.case import Figure

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results"
README: Final = HERE / "README.md"
PROFILES: Final = HERE.parent / ".cache" / "profiles"
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"

_BUSY: Final = 0.3
"""Load per core before a run from which the machine counts as busy."""


def machine() -> str:
    """Processor, cores, system, and whether others were at work on it when the run began."""
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    quiet = "quiet" if load / cores < _BUSY else "busy with other work"
    python = platform.python_version()
    return f"{cores} cores {_processor()}, {platform.system()}, Python {python}; load {load:.1f} before: {quiet}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit() -> str:
    """The commit of the checkout, with `+` behind it if measured code differs from it; `unknown` without git."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--", "schemas", "models", "dataflows", "api", "deploy", "bench/*.py")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=HERE, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def document(
    figures: list[Figure], skipped: dict[str, str], at_commit: str, on: str, took: dict[str, float] | None = None
) -> dict[str, Any]:
    """One run as JSON; `results` carries the medians, `spread` the repeats, `skipped` the reasons, `took` the seconds.

    Args:
        figures: what was measured.
        skipped: why a benchmark has none, by its name.
        at_commit: that was measured.
        on: the machine.
        took: seconds of each benchmark, set-up included.
    """
    return {
        "commit": at_commit,
        "machine": on,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "results": [
            {"name": f.name, "value": f.value, "unit": f.unit, "bar": f.bar, "higher_is_better": f.higher_is_better}
            for f in figures
        ],
        "spread": {f.name: {"min": min(f.values), "max": max(f.values), "repeats": len(f.values)} for f in figures},
        "work": {f.name: f.work for f in figures},
        "skipped": skipped,
        "took": took or {},
    }


def merged(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A later run on top of an earlier one of the same commit; of another commit nothing is kept."""
    if before.get("commit") != after["commit"]:
        return after
    fresh = {result["name"] for result in after["results"]}
    joined = dict(after)
    joined["results"] = [r for r in before["results"] if r["name"] not in fresh] + after["results"]
    for key in ("spread", "work"):
        joined[key] = before[key] | after[key]
    joined["took"] = before.get("took", {}) | after.get("took", {})
    measured = {name.partition("/")[0] for name in joined["spread"]}
    joined["skipped"] = {n: why for n, why in (before["skipped"] | after["skipped"]).items() if n not in measured}
    return joined


def write(run: dict[str, Any], folder: Path = RESULTS, readme: Path = README) -> Path:
    """Writes `latest.json` and the dated copy and renews the table; returns the dated copy's path."""
    folder.mkdir(parents=True, exist_ok=True)
    latest = folder / "latest.json"
    whole = merged(json.loads(latest.read_text()), run) if latest.exists() else run
    text = json.dumps(whole, indent=2) + "\n"
    dated = folder / f"{whole['at'][:10]}-{whole['commit'].rstrip('+')}.json"
    latest.write_text(text)
    dated.write_text(text)
    if readme.exists():
        readme.write_text(replaced(readme.read_text(), table(runs(folder))))
    return dated


def runs(folder: Path) -> list[dict[str, Any]]:
    """All runs by date, oldest first."""
    found: list[dict[str, Any]] = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    return sorted(found, key=lambda run: str(run["at"]))


def newest(by_date: list[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The newest result of every name, with its run; runs by date, oldest first."""
    return {result["name"]: (result, run) for run in by_date for result in run["results"]}


def table(by_date: list[dict[str, Any]]) -> str:
    """The newest result of every name, as a Markdown table with what was done beneath it."""
    found = newest(by_date)
    rows = ["| Result | Median | Min to max | Unit | Bar | Commit |", "|---|---:|---:|---|---:|---|"]
    rows += [_row(result, run) for result, run in found.values()]
    works = [f"- `{name}`: {run['work'][name]}" for name, (_, run) in found.items() if run["work"].get(name)]
    places = {run["commit"]: f"- `{run['commit']}`, {run['at'][:10]}: {run['machine']}" for _, run in found.values()}
    missing = [f"- `{name}` skipped: {why}" for name, why in (by_date[-1]["skipped"] if by_date else {}).items()]
    return "\n".join([*rows, "", "What was measured:", "", *works, "", "Where:", "", *places.values(), *missing])


def _row(result: dict[str, Any], run: dict[str, Any]) -> str:
    spread = run["spread"][result["name"]]
    return (
        f"| `{result['name']}` | {result['value']:.4g} | {spread['min']:.4g} to {spread['max']:.4g} "
        f"| {result['unit']} | {_bar(result)} | `{run['commit']}` |"
    )


def _bar(result: dict[str, Any]) -> str:
    if result["bar"] is None:
        return ""
    better = result["value"] >= result["bar"] if result["higher_is_better"] else result["value"] <= result["bar"]
    sign = "≥" if result["higher_is_better"] else "≤"
    return f"{sign} {result['bar']:g}{'' if better else ', missed'}"


def replaced(text: str, fresh: str, begin: str = BEGIN, end: str = END) -> str:
    """The text with the part between the marks replaced."""
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{fresh}\n\n{end}{rest.partition(end)[2]}"
