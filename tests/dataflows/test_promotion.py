"""Promotions: aliases and record together or not at all, one after the other, through kills and full disks."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dataflows.config import FlowError
from dataflows.promotion import Desk, PromotionError
from models.registry import aliases, store
from models.registry.aliases import Aliases
from schemas.control import Control
from tests import servers
from tests.dataflows.test_judging import MARKET, F, registry
from tests.disks import SmallDisk
from tests.models import exported, onnx_made

SLOWLY = """
import sys, time
from pathlib import Path
from dataflows.promotion import Desk
from tests.dataflows.test_judging import MARKET
def send(control):
    print("sent", control.value, flush=True)
    time.sleep(60)
print("begun", flush=True)
Desk(Path(sys.argv[1]), "lstm", MARKET, send, float(sys.argv[2])).promote("5")
"""


def better(root: Path) -> Path:
    """With a version that is as good as the champion."""
    exported.save(registry(root), exported.manifest(MARKET, version="5"), onnx_made.centred(F))
    return root


def desk(root: Path) -> tuple[Desk, list[Control]]:
    sent: list[Control] = []

    def send(control: Control) -> int:
        sent.append(control)
        return len(sent)

    return Desk(root, "lstm", MARKET, send, 0.0), sent


def test_a_sound_version_becomes_champion_and_is_ordered(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    done = at.promote("5")
    assert aliases.read(tmp_path / "lstm") == done.aliases == Aliases("5", None, "1", 1)
    assert sent == [Control("model_promoted", "lstm", "5:1", "test")]
    assert (done.order, done.offset) == ("5:1", 1)
    assert done.verdict is not None
    assert done.verdict.against == "1"


@pytest.mark.parametrize(("version", "reason"), [("2", "worse"), ("3", "wrong_schema"), ("4", "wrong_hash")])
def test_one_that_fails_stays_out_and_nothing_is_said_in_the_feed(tmp_path: Path, version: str, reason: str) -> None:
    at, sent = desk(better(tmp_path))
    with pytest.raises(PromotionError, match=rf"lstm {version} is not promoted: {reason}.*stays so"):
        at.promote(version)
    assert not sent
    assert aliases.read(tmp_path / "lstm") == Aliases("1")


def test_back_and_forth(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    at.promote("5")
    at.rollback()
    assert aliases.read(tmp_path / "lstm") == Aliases("1", None, "5", 2)
    at.rollback()
    at.promote("5")
    assert [one.value for one in sent] == ["5:1", "1:2", "5:3", "5:4"]
    assert aliases.read(tmp_path / "lstm").previous == "1"
    aliases.write(tmp_path / "lstm", Aliases("1"))
    with pytest.raises(PromotionError, match="versions: 1, 2, 3, 4, 5"):
        at.rollback()


def test_a_challenger_may_be_worse_and_becomes_champion_only_if_it_is_not(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    assert at.challenge("2").aliases == Aliases("1", "2", None, 1)
    with pytest.raises(PromotionError, match="worse"):
        at.promote("2")
    at.challenge("5")
    assert at.promote("5").aliases.challenger is None
    with pytest.raises(PromotionError, match="lstm 5 is the champion"):
        at.challenge("5")
    assert [(one.name, one.value) for one in sent] == [
        ("lstm:challenger", "2:1"), ("lstm:challenger", "5:2"), ("lstm", "5:3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("champion", "replaces", "version", "skill", "role"),
    [
        (None, False, "5", 0.01, "champion"), (None, False, "5", -0.01, "challenger"),
        (None, True, "5", -0.01, "challenger"), (None, False, "2", 0.01, "champion"),
        ("1", False, "5", 0.01, "challenger"), ("1", True, "5", -0.01, "champion"),
        ("1", True, "2", 0.01, "challenger"),
    ],
)  # fmt: skip
def test_a_new_one_gets_the_seat_that_it_has_earned(
    tmp_path: Path, champion: str | None, replaces: bool, version: str, skill: float, role: str
) -> None:
    root = registry(tmp_path)
    worse = 1.0 if version == "2" else 0.0
    said = exported.manifest(MARKET, version=version, metrics={"skill_over_persistence": skill})
    exported.save(root, said, onnx_made.centred(F, middle=worse))
    aliases.write(root / "lstm", Aliases(champion))
    at, sent = desk(root)
    assert at.enter(version, replaces=replaces).role == role
    assert len(sent) == 1


def test_who_fails_the_checks_gets_no_seat(tmp_path: Path) -> None:
    at, sent = desk(registry(tmp_path))
    with pytest.raises(PromotionError, match="wrong_hash"):
        at.enter("4", replaces=True)
    assert not sent


def test_seats_are_emptied(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    at.challenge("5")
    at.retire(challenger=True)
    assert at.retire().aliases == Aliases(None, None, "1", 3)
    assert [(one.name, one.value) for one in sent][1:] == [("lstm:challenger", "none:2"), ("lstm", "none:3")]
    assert at.rollback().aliases.champion == "1"


def test_one_that_is_slow_at_work_loses_every_seat_and_its_verdict_says_why(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    at.promote("5")
    done = at.relieve("5", "lstm 5 takes 9,000 µs")
    assert [one.order for one in done] == ["none:2"]
    assert aliases.read(tmp_path / "lstm") == Aliases(None, None, "5", 2)
    assert sent[-1] == Control("model_promoted", "lstm", "none:2", "test")
    verdict = next(one.verdict for one in store.versions(tmp_path, "lstm") if one.version == "5")
    assert verdict is not None
    assert (verdict.reason, verdict.text) == ("too_slow", "lstm 5 takes 9,000 µs")
    at.challenge("5")
    at.relieve("5", "slow")
    assert sent[-1] == Control("model_promoted", "lstm:challenger", "none:4", "test")


def test_who_was_promoted_meanwhile_keeps_its_seat(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    at.promote("5")
    assert [one.label for one in at.relieve("1", "slow")] == ["lstm:challenger"]
    assert aliases.read(tmp_path / "lstm").champion == "5"
    assert all(control.name != "lstm" for control in sent[1:])


def test_one_whose_record_was_lost_is_relieved_again(tmp_path: Path) -> None:
    at, sent = desk(registry(tmp_path))
    aliases.write(tmp_path / "lstm", Aliases(None, "2", "1", 4))
    assert [one.order for one in at.relieve("1", "slow")] == ["none:5"]
    assert [(control.name, control.value) for control in sent] == [("lstm", "none:5")]
    assert aliases.read(tmp_path / "lstm") == Aliases(None, "2", "1", 5)


def test_a_record_that_cannot_be_sent_changes_no_alias(tmp_path: Path) -> None:
    def send(_control: Control) -> int:
        msg = "no Kafka broker answers"
        raise FlowError(msg)

    with pytest.raises(FlowError, match="no Kafka broker"):
        Desk(better(tmp_path), "lstm", MARKET, send, 0.0).promote("5")
    assert aliases.read(tmp_path / "lstm") == Aliases("1")


def test_no_model_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match="models: lstm"):
        Desk(registry(tmp_path), "gru", MARKET, lambda _: 0).promote("1")


def test_unreadable_aliases_are_written_anew(tmp_path: Path) -> None:
    at, sent = desk(better(tmp_path))
    (tmp_path / "lstm" / aliases.FILE).write_text("{")
    assert at.promote("5").aliases.champion == "5"
    assert int(sent[0].value.split(":")[1]) >= 10_000


def test_two_at_once_follow_each_other(tmp_path: Path) -> None:
    root = better(tmp_path)
    exported.save(root, exported.manifest(MARKET, version="6"), onnx_made.centred(F))
    at, sent = desk(root)
    threads = [threading.Thread(target=at.promote, args=(version,)) for version in ("5", "6")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = aliases.read(root / "lstm")
    assert last.orders == 2
    assert sent[-1].value == f"{last.champion}:2"
    assert {last.champion, last.previous} == {"5", "6"}


@pytest.mark.parametrize(("lead", "after"), [(0.0, "begun"), (30.0, "begun"), (0.0, "sent")])
def test_kill_9_in_the_middle_leaves_a_valid_champion_and_the_same_again_ends_it(
    tmp_path: Path, lead: float, after: str
) -> None:
    root = better(tmp_path)
    command = [sys.executable, "-c", SLOWLY, str(root), str(lead)]
    for wait in (0.0, 0.05, 0.3):
        aliases.write(root / "lstm", Aliases("1"))
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=servers.CHECKOUT) as one:
            assert one.stdout is not None
            while (line := one.stdout.readline()) and not line.decode().startswith(after):
                pass
            time.sleep(wait)
            one.send_signal(signal.SIGKILL)
        assert aliases.read(root / "lstm").champion in {"1", "5"}
        at, sent = desk(root)
        assert at.promote("5").aliases.champion == "5"
        assert sent[0].value.startswith("5:")


def test_a_full_disk_promotes_nobody(small_disk: Callable[[int], SmallDisk]) -> None:
    disk = small_disk(8)
    at, sent = desk(better(disk.folder))
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        at.promote("5")
    assert not sent
    assert aliases.read(disk.folder / "lstm") == Aliases("1")
    disk.clear()
    assert at.promote("5").aliases.champion == "5"
