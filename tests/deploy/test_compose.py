"""What the container files say, held against the code: no container engine is needed to see that they fit."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.settings import Settings
from schemas.market import Market
from schemas.market_file import load, shipped

CHECKOUT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service.get("image", "")).startswith("esi:")}
PASSWORDS = {"ESI_VALKEY_PASSWORD", "ESI_TIMESCALE_PASSWORD"}  # read by compose itself, not by a process of ours


def _metrics_in_code() -> set[str]:
    """Series that the code can write: its metrics with the endings Prometheus gives them."""
    found: set[str] = set()
    for package in ("dataflows", "api", "deploy"):
        for path in (CHECKOUT / package).rglob("*.py"):
            for name in re.findall(r'"(esi_[a-z_]+)"', path.read_text()):
                found |= {name, f"{name}_total", f"{name}_bucket"}
    return found


def test_every_image_has_an_exact_version() -> None:
    for name, service in SERVICES.items():
        assert re.search(r"(:v?\d+\.\d+(\.\d+)?[\w.-]*|@sha256:[0-9a-f]{64})$", service["image"]), name
    base = re.findall(r"^FROM (\S+)", (CHECKOUT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE)
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in base), base


def test_the_servers_are_the_ones_we_promise() -> None:
    wanted = {"kafka", "valkey", "timescale", "flow", "archive", "api", "tock", "prometheus", "grafana"}
    assert wanted <= set(SERVICES)
    assert set(OURS) == {"flow", "tock", "flow-sim", "sim", "archive", "alerts", "api"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_calls_a_verb_that_exists_with_flags_that_exist(name: str) -> None:
    verb, *args = OURS[name]["command"]
    told = subprocess.run(
        [sys.executable, "-m", "deploy", verb, "--help"], capture_output=True, text=True, check=True, cwd=CHECKOUT
    ).stdout
    assert [flag for flag in args if flag.startswith("--") and flag not in told] == []


def _after(args: list[str], flag: str) -> str:
    return args[args.index(flag) + 1]


def _market(service: dict[str, Any]) -> Market:
    """The market that a flow's service is given: a shipped one, or a file that is mounted where the flag says."""
    name = _after(service["command"], "--market")
    mounts = dict(volume.split(":")[1::-1] for volume in service["volumes"])
    assert name in shipped() or name in mounts, name
    return load(name if name in shipped() else str(CHECKOUT / mounts[name]))


def test_every_market_gets_its_ticks_and_its_time() -> None:
    """A live market has its tocks, and one whose records bring the time has its source."""
    calls = [service["command"] for service in OURS.values()]
    tocked = {_after(call, "--feed") for call in calls if call[0] == "tock"}
    flows = {name: _market(service) for name, service in OURS.items() if service["command"][0] == "flow"}
    assert {name: market.name for name, market in flows.items()} == {"flow": "desk", "flow-sim": "sim"}
    for name, market in flows.items():
        assert _after(OURS[name]["command"], "--feed") == market.feed
        assert (market.feed in tocked) == (market.clock == "wall"), name
        assert market.clock == "wall" or [market.feed] in calls, f"nobody sends to {market.feed}"
    assert tocked == {market.feed for market in flows.values() if market.clock == "wall"}


def test_kafka_is_called_by_the_name_that_it_gives() -> None:
    said = SERVICES["kafka"]["environment"]
    given = dict(one.split("://") for one in said["KAFKA_ADVERTISED_LISTENERS"].split(","))
    assert OURS["flow"]["environment"]["ESI_KAFKA_URL"] == given[said["KAFKA_INTER_BROKER_LISTENER_NAME"]]
    assert f"{given['HOST']}:{given['HOST'].split(':')[1]}" in SERVICES["kafka"]["ports"]
    known = {one.split(":")[0] for one in said["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")}
    assert {one.split("://")[0] for one in said["KAFKA_LISTENERS"].split(",")} == known


def test_who_keeps_something_has_a_volume_of_its_own() -> None:
    kept = [volume.split(":")[0] for name in ("flow", "flow-sim", "sim") for volume in OURS[name]["volumes"]]
    named = [volume for volume in kept if not volume.startswith("./")]
    assert len(named) == len(set(named)) == 3


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_exists_and_is_valid(name: str) -> None:
    environment = {key.removeprefix("ESI_").lower(): value for key, value in OURS[name]["environment"].items()}
    assert set(environment) <= set(Settings.model_fields)
    said = {key: re.sub(r"\$\{[^}]*:-([^}]*)\}", r"\1", value) for key, value in environment.items()}
    settings = Settings(**said)
    assert settings.kafka_url == "kafka:9092"


def test_no_password_is_named_that_nobody_reads() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    known = {f"ESI_{field.upper()}" for field in Settings.model_fields} | PASSWORDS
    assert set(re.findall(r"ESI_[A-Z_]+", text)) <= known


def test_only_loopback_is_opened() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "127.0.0.1:8137:8137" in ports
    assert Settings.model_fields["api_port"].default == 8137


def test_prometheus_asks_the_services_on_their_ports() -> None:
    config = yaml.safe_load((CHECKOUT / "deploy/prometheus/prometheus.yml").read_text())
    for job in config["scrape_configs"]:
        (target,) = job["static_configs"][0]["targets"]
        host, port = target.split(":")
        assert host == job["job_name"]
        environment = OURS[host]["environment"]
        assert port in {environment["ESI_METRICS_PORT"], environment.get("ESI_API_PORT")}


def test_mounted_files_and_copied_folders_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (CHECKOUT / source).exists(), source
            assert source.startswith("./") or source in COMPOSE["volumes"]
    dockerfile = (CHECKOUT / "deploy/docker/Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (CHECKOUT / source).exists(), source


def test_the_image_compiles_the_code_that_it_runs() -> None:
    """Python finds the copied folders first where it is started beside them, and numba would cache those."""
    dockerfile = (CHECKOUT / "deploy/docker/Dockerfile").read_text()
    (module,) = re.findall(r"^RUN cd / && python -m (\S+)$", dockerfile, re.MULTILINE)
    assert importlib.util.find_spec(module) is not None
    assert dockerfile.index("USER esi") < dockerfile.index("NUMBA_CACHE_DIR") < dockerfile.index(f"-m {module}")


def test_the_board_asks_for_metrics_that_are_written() -> None:
    board = json.loads((CHECKOUT / "deploy/grafana/dashboards/esi.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"esi_\w+", target["expr"])
    }
    assert len(asked) > 10
    assert asked - _metrics_in_code() == set()
    sources = yaml.safe_load((CHECKOUT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {sources["datasources"][0]["uid"]}


def test_alert_rules_ask_for_metrics_that_are_written_and_say_what_to_do() -> None:
    (file,) = yaml.safe_load((CHECKOUT / "deploy/prometheus/prometheus.yml").read_text())["rule_files"]
    groups = yaml.safe_load((CHECKOUT / "deploy/prometheus" / file).read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 5
    for rule in rules:
        assert set(re.findall(r"esi_\w+", rule["expr"])) - _metrics_in_code() == set(), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "advice"}
        assert "severity" in rule["labels"]


def test_a_misspelt_metric_would_be_seen() -> None:
    assert "esi_tics_total" not in _metrics_in_code()


def test_the_workflow_runs_ci_on_both_pythons_and_builds_the_image() -> None:
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/ci.yml").read_text())
    jobs = workflow["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12"]
    assert any(step.get("run") == "bash .ci/run" for step in jobs["test"]["steps"])
    assert any("docker build" in step.get("run", "") for step in jobs["image"]["steps"])
