"""`python -m bench [NAME...] [--json] [--profile] [--list]`: measures, checks, prints and writes bench/results."""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import time
import traceback

from bench import results
from bench.case import AbsentPartError, Benchmark, Figure
from bench.registry import BENCHMARKS
from bench.servers import end_broker

SHOWN = 25
"""Functions that a profile prints."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the named benchmarks, or all; the exit status is 1 if the output of one was wrong."""
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all without a name")
    parser.add_argument("--json", action="store_true", help="print the results as JSON on standard output")
    parser.add_argument(
        "--profile", action="store_true", help="write what took the time, function by function; no figures"
    )
    parser.add_argument("--list", action="store_true", help="print the benchmarks and what they do, and end")
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.name if name not in known]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    if asked.list:
        print("\n".join(f"{benchmark.name:<16} {benchmark.work}" for benchmark in BENCHMARKS))
        return 0
    chosen = [known[name] for name in asked.name] or list(BENCHMARKS)
    return _profiled(chosen) if asked.profile else _run(chosen, as_json=asked.json)


def _profiled(chosen: list[Benchmark]) -> int:
    """Python functions of this process by their own time; processes of the product are not in it. Figures would lie."""
    for benchmark in chosen:
        file = results.PROFILES / f"{benchmark.name}.prof"
        file.parent.mkdir(parents=True, exist_ok=True)
        with cProfile.Profile() as profile:
            benchmark.measure()
        profile.dump_stats(file)
        _tell(f"\n{benchmark.name}: {file} (python -m pstats, or snakeviz)")
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(SHOWN)
    return 0


def _run(chosen: list[Benchmark], *, as_json: bool) -> int:
    on, at_commit = results.machine(), results.commit()
    _tell(on)
    figures: list[Figure] = []
    skipped: dict[str, str] = {}
    took: dict[str, float] = {}
    failed = False
    for benchmark in chosen:
        _tell(f"\n{benchmark.name}: {benchmark.work}")
        if not benchmark.kafka:
            end_broker()
        began = time.monotonic()
        try:
            measured = benchmark.measure()
        except AbsentPartError as absent:
            skipped[benchmark.name] = str(absent)
            _tell(f"  skipped: {absent}")
        except Exception as error:
            failed = True
            skipped[benchmark.name] = f"no figure: {error}".splitlines()[0]
            _tell("".join(traceback.format_exception(error)))
        else:
            figures += measured
            _tell("\n".join(f"  {figure.line()}" for figure in measured))
        took[benchmark.name] = round(time.monotonic() - began, 1)
        run = results.document(figures, skipped, at_commit, on, took)
        written = results.write(run)  # after each, so that an interrupted run keeps what it has
    _tell(f"\nWritten: {written.name}; {sum(took.values()) / 60:.1f} minutes")
    if as_json:
        print(json.dumps(run))
    return int(failed)


def _tell(text: str) -> None:
    """For people, so that standard output holds the JSON alone."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
