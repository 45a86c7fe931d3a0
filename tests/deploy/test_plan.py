"""Which processes a choice of markets needs."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.alerting.vault import Vault
from deploy.plan import KEY_FILE, Plan, answers, api_url, feeds
from deploy.servers import Servers
from deploy.settings import Settings
from schemas.market_file import MarketFileError

LIVE = """
version = 1
name = "mine"
feed = "mine"
calendar = "24x7"
period = "1h"
step = "1m"
bar = "1m"
clock = "wall"
[[instrument]]
name = "A"
[[segment]]
name = "equity"
[[segment.indicator]]
name = "vol"
kind = "realized_volatility"
of = ["A"]
"""


@pytest.fixture
def live(tmp_path: Path) -> str:
    """A user's own market that lives by the wall clock."""
    (tmp_path / "mine.toml").write_text(LIVE)
    return str(tmp_path / "mine.toml")


def _plan(tmp_path: Path, *markets: str) -> Plan:
    settings = Settings().with_(data_dir=tmp_path, markets=markets)
    return Plan(settings, Servers(settings))


def test_markets_of_one_feed_share_a_flow(tmp_path: Path, live: str) -> None:
    assert feeds(["us-open", "sim", live]) == {"us-open": ["us-open"], "sim": ["sim"], "mine": [live]}
    with pytest.raises(MarketFileError, match="no market 'nothing'"):
        feeds(["nothing"])


def test_a_live_feed_gets_its_tocks_and_others_none(tmp_path: Path, live: str) -> None:
    flows = _plan(tmp_path, "us-open", "sim", live).flows()
    assert [program.name for program in flows] == ["flow us-open", "flow sim", "flow mine", "tock mine"]
    command = list(flows[2].command())
    assert command[3:8] == ["flow", "--feed", "mine", "--market", live]
    port = flows[2].metrics_port()
    assert port is not None
    assert command[-2:] == ["--metrics-port", str(port)]
    assert flows[1].metrics_port() is None, "it has not been started"


def test_who_needs_what(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "us-open", "sim")
    assert plan.archive().needs == ("valkey", "postgres")
    assert plan.alerts().needs == ("valkey", "postgres")
    assert plan.flow("sim", ["sim"]).needs == ("broker", "valkey")
    assert plan.history().needs == ("broker", "valkey", "flow us-open")
    assert plan.simulator().needs == ("broker", "valkey", "flow sim")
    [api] = plan.api("page")
    assert api.needs == ("valkey", "postgres", "page")
    assert not plan.history().endless
    assert not plan.page().endless
    assert plan.simulator().endless


def test_several_processes_of_the_api_are_programs_of_their_own(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "sim")
    plan = replace(plan, settings=plan.settings.with_(api_processes=3))
    programs = plan.api("page")
    assert [program.name for program in programs] == ["api", "api 2", "api 3"]
    commands = [list(program.command()) for program in programs]
    assert all(command[3:5] == ["api", "--member"] for command in commands)
    assert len({command[-1] for command in commands}) == 3, "each is asked on a port of its own"
    assert programs[1].url() == f"http://127.0.0.1:{commands[1][-1]}"
    folder = {program.environment()["PROMETHEUS_MULTIPROC_DIR"] for program in programs}
    assert folder == {str(tmp_path / "api-metrics")}


def test_models_are_trained_again_where_that_is_wanted(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "us-open", "sim")
    assert plan.trainer() == []
    wanted = Plan(plan.settings.with_(retrain=("us-open", "sim")), plan.servers)
    (program,) = wanted.trainer()
    command = list(program.command())
    assert command[-7:-1] == ["trainer", "--market", "us-open", "--market", "sim", "--metrics-port"]
    assert program.metrics_port() == int(command[-1])
    assert (program.endless, program.needs) == (True, ("broker", "valkey"))
    assert "ESI_DATA_DIR" in program.environment()


def test_a_run_is_told_to_its_flow(tmp_path: Path) -> None:
    command = _plan(tmp_path, "week").flow("week~r1", ["week"], "r1").command()
    assert list(command)[3:11] == ["flow", "--feed", "week~r1", "--market", "week", "--run", "r1", "--metrics-port"]


def test_the_key_of_secrets_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "sim")
    key = plan.environment()["ESI_ALERTS_KEY"]
    assert _plan(tmp_path, "sim").environment()["ESI_ALERTS_KEY"] == key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    Vault([key])
    given = Plan(plan.settings.with_(alerts_key=SecretStr("mine")), plan.servers)
    assert given.environment()["ESI_ALERTS_KEY"] == "mine"
    assert given.environment()["ESI_PAGE_URL"] == "http://127.0.0.1:8137"


def test_everybody_is_told_settings_and_servers(tmp_path: Path) -> None:
    told = _plan(tmp_path, "sim").environment()
    assert told["ESI_DATA_DIR"] == str(tmp_path)
    assert told["ESI_REDIS_URL"].startswith("unix://")
    assert "ESI_KAFKA_URL" not in told, "there is no broker yet"


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8137"), ("0.0.0.0", "http://127.0.0.1:8137"), ("h", "http://h:8137")],
)
def test_the_address_for_people(host: str, url: str) -> None:
    assert api_url(Settings().with_(api_host=host)) == url


def test_whether_somebody_answers() -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert answers(f"{url}/healthz", 5)
        assert not answers(f"{url}/else", 5)
        server.shutdown()
        thread.join()
    assert not answers(f"{url}/healthz")
