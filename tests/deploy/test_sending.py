"""How far a replay is, as its bar says it: first what is sent, then what the flow has."""

from __future__ import annotations

import pytest

from deploy.console import Console
from deploy.sending import Journey


def said(journey: Journey, capsys: pytest.CaptureFixture[str], console: Console) -> str:
    """What the bar adds, on no terminal."""
    journey.show("week", console)
    return capsys.readouterr().err


def test_the_bar_follows_the_flow_once_all_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """At full speed all is sent long before the flow is through; a bar that stood still would seem to be stuck."""
    console, journey = Console(), Journey(1_000)
    assert not said(journey, capsys, console)
    journey.sent = 500
    assert said(journey, capsys, console) == "week, sending: 50% 500 ticks\n"
    journey.sent, journey.is_sent = 1_000, True
    assert said(journey, capsys, console) == "week, computing: 0% 0 ticks\n"
    journey.through = 200
    assert said(journey, capsys, console) == "week, computing: 20% 200 ticks\n"
    journey.through = 1_000
    assert said(journey, capsys, console) == "week, computing: 100% 1,000 ticks\n"
