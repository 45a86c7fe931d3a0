"""Trouble with the broker is said once, and once more when it is over."""

from __future__ import annotations

from structlog.testing import capture_logs

from dataflows.trouble import QUIET_S, Way

DOWN = "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused"


def test_many_complaints_are_one_line_and_their_count_at_the_end() -> None:
    now = [100.0]
    way = Way(lambda: now[0])
    with capture_logs() as said:
        way.works()
        for second in range(20):
            now[0] = 100.0 + second
            way.broke(f"{DOWN} (after {second}ms in state CONNECT)", fatal=False)
            way.works()  # another broker of the same cluster still answers
        assert [line["event"] for line in said] == ["kafka_trouble"]
        assert said[0]["error"] == f"{DOWN} (after 0ms in state CONNECT)"
        now[0] += QUIET_S + 1
        way.works()
        way.works()
    assert [line["event"] for line in said] == ["kafka_trouble", "kafka_again"]
    assert (said[1]["complaints"], said[1]["after_s"]) == (20, 19)


def test_new_trouble_is_said_again() -> None:
    now = [0.0]
    way = Way(lambda: now[0])
    with capture_logs() as said:
        for _ in range(2):
            way.broke(DOWN)
            now[0] += QUIET_S + 1
            way.works()
    assert [line["event"] for line in said] == ["kafka_trouble", "kafka_again"] * 2
