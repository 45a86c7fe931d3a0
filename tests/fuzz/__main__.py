"""`python -m tests.fuzz rules|requests --count N --seed S`: random input, until something is wrong or all is tried."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.fuzz import requests, rules
from tests.fuzz.served import serving_everything


class Progress:
    """Says how far a run has come, on one line each."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed, self._count, self._begin = seed, count, time.monotonic()

    def __call__(self, done: int, found: Counter[str]) -> None:
        """Tells one line."""
        pace = done / (time.monotonic() - self._begin)
        told = ", ".join(f"{name}: {number:,}" for name, number in found.most_common(8))
        sys.stderr.write(f"seed {self._seed}: {done:,} of {self._count:,} ({pace:,.0f}/s) {told}\n")


def fuzz_rules(job: tuple[int, int]) -> Counter[str]:
    """One process's share."""
    seed, count = job
    return rules.run(seed, count, Progress(seed, count))


def fuzz_requests(seed: int, count: int) -> Counter[str]:
    """Against a real API with a real Redis and PostgreSQL."""
    with serving_everything() as served:
        return requests.run(seed, count, served, Progress(seed, count))


def main() -> None:
    """Runs one of the two and says what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=("rules", "requests"))
    parser.add_argument("--count", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same input")
    parser.add_argument("--processes", type=int, default=1, help="at once, with seeds of their own (rules)")
    asked = parser.parse_args()
    if asked.what == "requests":
        found = fuzz_requests(asked.seed, asked.count)
    else:
        jobs = [(asked.seed + n, asked.count // asked.processes) for n in range(asked.processes)]
        with multiprocessing.Pool(asked.processes) as pool:
            found = sum(pool.map(fuzz_rules, jobs), Counter[str]())
    sys.stdout.write(f"{found.total():,} {asked.what}, seed {asked.seed}: {dict(found)}; no fault\n")
    sys.exit(1 if found["slow"] else 0)


if __name__ == "__main__":
    main()
