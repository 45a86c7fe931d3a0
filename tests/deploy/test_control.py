"""`esi control`: judged as the flow judges it, and sent where it is read."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from dataflows import kafka as clients
from deploy.control import checked
from schemas import names
from schemas.control import NOTE, Control
from schemas.control_wire import VALUE_FIELD
from tests import servers
from tests.dataflows.topics import PARTITIONS, contents


def esi_control(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", "control", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=servers.CHECKOUT, timeout=60)


def test_a_control_record_is_sent_and_its_place_told(mock_broker: servers.MockBroker, unique_name: str) -> None:
    topic = names.ticks_topic(unique_name)
    clients.ensure_topic(mock_broker.bootstrap, topic, PARTITIONS)
    flags = ("--feed", unique_name, "--market", "us", "--kafka-url", mock_broker.bootstrap)
    done = esi_control("model_promoted", "lstm", "2026-11", *flags)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith(f"model_promoted lstm stands at offset 0 of feed {unique_name}; it takes effect")
    (record,) = contents(mock_broker.bootstrap, topic)[0]
    assert record.raw == b'{"kind":"model_promoted","market":"us","name":"lstm","version":"2026-11"}'


def test_an_unread_feed_is_a_sentence(mock_broker: servers.MockBroker) -> None:
    done = esi_control("note", "desk", "x", "--feed", "nobodys", "--kafka-url", mock_broker.bootstrap)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("esi: feed 'nobodys' has no topic")


def test_what_the_flow_would_reject_is_not_sent() -> None:
    assert checked("note", "desk", "early close", None) == Control(NOTE, "desk", "early close")
    for kind, name, value, said in (
        ("dance", "a", "b", "note, model_promoted"),
        ("model_promoted", "a b", "1", "letters, digits"),
        ("note", "desk", "", "printable"),
    ):
        with pytest.raises(typer.BadParameter, match=said):
            checked(kind, name, value, None)


def test_help_names_every_kind() -> None:
    said = " ".join(esi_control("--help").stdout.split())
    assert all(kind in said for kind in VALUE_FIELD)
