"""What the page says of bad inputs."""

from __future__ import annotations

import re

from evaluation.robustness_page import robustness

ROW = {
    "case": "instrument", "of": "VIX", "typical": 0.4, "move": -2.37, "at": "2020-02-28T23:00:00Z", "band": 0.73,
    "coverage": 0.98, "coverage_before": 1.0, "stale": 2, "stale_before": 1, "refused": 0, "beyond": 12,
    "unexplained": 6, "silent": 0,
}  # fmt: skip


def test_a_row_says_the_worst_and_what_the_reading_said() -> None:
    text = robustness({"stretches": [["2020-02-24", "2020-05-21"]], "rows": [ROW]})
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", text)
    assert cells[-10:] == [
        "VIX", "-2.37", "2020-02-28", "0.73", "0.98 <small>(1.00)</small>", "2 <small>(1)</small>", "0.40", "0",
        "12", "6",
    ]  # fmt: skip
    assert "2020-02-24 to 2020-05-21" in text


def test_the_worst_stand_first_and_kinds_apart() -> None:
    rows = [ROW | {"of": "B", "move": 0.1}, ROW, ROW | {"case": "freeze", "of": "C", "move": None}]
    text = robustness({"stretches": [["a", "b"]], "rows": rows})
    assert text.index(">VIX<") < text.index(">B<") < text.index(">C<")
    assert "An instrument ends" in text
    assert "An input stands still for a month" in text
    assert "A week of all data" not in text


def test_what_was_not_run_is_said() -> None:
    assert "left out" in robustness(None)
    assert "too short" in robustness({"stretches": [], "rows": []})
