"""The shape of the results, how runs join, and the table made of them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bench import __main__ as command
from bench import results
from bench.case import Figure
from bench.registry import BENCHMARKS

SCHEMA = {
    "type": "object",
    "required": ["commit", "machine", "results"],
    "properties": {
        "commit": {"type": "string", "minLength": 1},
        "machine": {"type": "string", "minLength": 1},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value", "unit", "bar", "higher_is_better"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "value": {"type": "number"},
                    "unit": {"type": "string"},
                    "bar": {"type": ["number", "null"]},
                    "higher_is_better": {"type": "boolean"},
                },
            },
        },
    },
}

FAST = Figure("engine", (3.0, 1.0, 2.0), "million ticks/s", 15.0, work="what was done")
SLOW = Figure("step/final", (700.0,), "µs", higher_is_better=False)


def test_a_run_has_the_shape_that_readers_expect() -> None:
    run = results.document([FAST, SLOW], {"replay_real": "no data"}, "abc", results.machine())
    jsonschema.validate(json.loads(json.dumps(run)), SCHEMA)
    assert run["results"][0]["value"] == 2.0
    assert run["spread"]["engine"] == {"min": 1.0, "max": 3.0, "repeats": 3}


def test_what_is_kept_in_the_repository_has_that_shape() -> None:
    files = sorted(results.RESULTS.glob("*.json"))
    assert results.RESULTS / "latest.json" in files
    for file in files:
        jsonschema.validate(json.loads(file.read_text()), SCHEMA)


def test_a_part_joins_a_run_of_the_same_commit_only() -> None:
    before = results.document([FAST, SLOW], {"start": "busy"}, "abc", "here")
    again = results.document([Figure("engine", (9.0,), "million ticks/s", 15.0)], {}, "abc", "here")
    joined = results.merged(before, again)
    assert {r["name"]: r["value"] for r in joined["results"]} == {"step/final": 700.0, "engine": 9.0}
    assert joined["skipped"] == {"start": "busy"}
    other = again | {"commit": "def"}
    assert results.merged(before, other) == other


def test_writing_keeps_a_dated_copy_and_renews_the_table(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n")
    dated = results.write(results.document([FAST], {"start": "busy"}, "abc+", "here"), tmp_path / "results", readme)
    assert dated.name.endswith("-abc.json")
    assert dated.read_text() == (tmp_path / "results" / "latest.json").read_text()
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| `engine` | 2 | 1 to 3 | million ticks/s | ≥ 15, missed | `abc+` |" in text
    assert "`start` skipped: busy" in text


def test_a_figure_knows_whether_it_reached_its_bar() -> None:
    assert FAST.reached is False
    assert SLOW.reached is None
    assert Figure("replay_real", (9.0,), "s", 10.0, higher_is_better=False).reached is True


def test_the_command_lists_every_benchmark_and_refuses_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert all(benchmark.name in listed for benchmark in BENCHMARKS)
    with pytest.raises(SystemExit) as ended:
        command.main(["no-such"])
    assert ended.value.code == 2
