"""`esi markets`."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.markets import report, show, show_json
from deploy.state import Lock, Up
from schemas.market_file import MarketFileError, shipped
from tests.servers import CHECKOUT


def test_all_shipped_ones_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    said = report([])
    assert [one["name"] for one in said] == shipped()
    sim = next(one for one in said if one["name"] == "sim")
    assert sim["synthetic"]
    assert len(sim["instruments"]) == 50
    assert "No readings" in sim["alerts"]
    assert set(sim["segments"]) >= {"equity", "credit"}
    show(said)
    assert "us-open" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [80, 200])
def test_what_a_market_is_about_stands_in_whole_lines(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of a dozen letters was left for it on a terminal of 80."""
    monkeypatch.setenv("COLUMNS", str(columns))
    show(report([]))
    said = capsys.readouterr().out
    assert all(len(line) <= columns for line in said.splitlines())
    assert len(said.splitlines()) < 30
    assert "Financial stress of the United States in seven segments, from market" in said


def test_editions_are_listed_behind_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (CHECKOUT / "docs" / "examples" / "desk.toml").read_text()
    (tmp_path / "desk.toml").write_text(text)
    (tmp_path / "desk@2.toml").write_text(text.replace('name = "desk"', 'name = "desk@2"'))
    first, second = report([str(tmp_path / "desk.toml")], tmp_path)
    assert (first["name"], first["edition"], second["name"], second["edition"]) == ("desk", 1, "desk@2", 2)
    assert len({first["fingerprint"], second["fingerprint"]}) == 2
    assert (first["since"], first["version"]) == (None, None)
    show([first, second])
    assert "desk@2" in capsys.readouterr().out
    show_json([first, second])
    assert json.loads(capsys.readouterr().out) == [first, second]


def test_what_runs_says_since_when(tmp_path: Path) -> None:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"markets": [{"name": "sim", "since": "2026-01-01T00:00:00Z", "version": "1-2-a"}]})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Up(1, 0.0, f"http://127.0.0.1:{server.server_port}", None, None, None).write(tmp_path)
    assert report(["sim"], tmp_path)[0]["since"] is None  # it was written by one that is gone
    lock = Lock(tmp_path)
    try:
        found = {one["name"]: (one["since"], one["version"]) for one in report([], tmp_path)}
    finally:
        lock.release()
        server.shutdown()
        server.server_close()
    assert found["sim"] == ("2026-01-01T00:00:00Z", "1-2-a")
    assert found["week"] == (None, None)


def test_a_rule_that_does_not_fit_its_market_is_shown_with_its_place(tmp_path: Path) -> None:
    example = (CHECKOUT / "docs" / "examples" / "desk.toml").read_text()
    rule = '[[alert]]\nname = "Odd"\nwhen = "index > 80 and indx > 3"\n\n'
    (tmp_path / "desk.toml").write_text(example.replace("[[instrument]]", rule + "[[instrument]]", 1))
    with pytest.raises(MarketFileError, match=r"desk.toml: alert 'Odd': line 1, column 16: indx is no field"):
        report([str(tmp_path / "desk.toml")])


def test_a_file_with_a_fault_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('version = 1\nname = "x y"\n')
    with pytest.raises(MarketFileError, match=r"bad.toml:2: name"):
        report([str(tmp_path / "bad.toml")])
