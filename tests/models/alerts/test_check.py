"""Names, types and costs of conditions."""

from __future__ import annotations

import pytest

from models.alerts.check import FUNCTIONS, MAX_NODES, MAX_WINDOWS, USAGE, check, check_number
from models.alerts.nodes import RuleError
from tests.models.alerts.made import MARKET


@pytest.mark.parametrize(
    "text",
    [
        "index > 80 and coverage >= 0.9",
        "level >= high and not final",
        "not flags.no_data",
        "missing(percentile) or missing(level)",
        "abs(change.total) > 3 and change.level.equity > 1",
        'indicators["Default spread"].score > 0.9',
        'indicators["Default spread"].age_s > 3d',
        "segment_correlation.equity.credit > 0.5 and segment_correlation.mean > 0.3",
        'instrument_correlation["AAA", "SPX"] < 0',
        "staleness.max_s > 1h or silence > 5m",
        "change(contributions.equity / index, since close) > 0.1",
        "quantile(index, 0.99, 250d) < index and budget(index, 0.1, 250d) < index",
    ],
)
def test_what_is_documented_is_taken(text: str) -> None:
    assert check(text, MARKET).seconds == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_used_as_its_example_says(name: str) -> None:
    for example in USAGE[name].split(" or "):
        text = example if FUNCTIONS[name][1] == "truth" else f"{example} > 1"
        check(text, MARKET)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("indx > 3", 1, "did you mean index?"),
        ("contributions.equty > 3", 1, "did you mean contributions.equity?"),
        ("contributions.tulips > 3", 1, "there are contributions.credit, contributions.equity"),
        ("orbit > 3", 1, "there are anomaly, band, change"),
        ("index", 1, "this is a number; a condition"),
        ("final + 1 > 2", 1, "this is a truth; a number"),
        ("index > final", 7, "a number cannot be compared with a truth"),
        ("level > 3", 7, "a level cannot be compared with a number"),
        ("final == true", 7, "write final, or not final"),
        ("not index", 5, "a condition, such as index > 80"),
        ("index > 1 / 0", 13, "a division by zero"),
        ("rank(index, 5) > 1", 13, "a window is a duration above zero: rank(index, 250d)"),
        ("rank(index, 0s) > 1", 13, "a window is a duration above zero"),
        ("rank(index, since close) > 1", 13, "a window is a duration above zero"),
        ("rank(index) > 1", 1, "rank takes 2 arguments: rank(index, 250d)"),
        ("rnk(index, 1d) > 1", 1, "did you mean rank?"),
        ("quantile(index, 1.5, 1d) > 1", 17, "between 0 and 1"),
        ("quantile(index, index, 1d) > 1", 17, "a plain number is needed"),
        ("budget(index, 0, 1d) > 1", 15, "above 0"),
        ("max(rank(index, 1d), 2d) > 3", 5, "a window cannot stand inside another one"),
        ("abs(since close) > 3", 5, "since close is a window"),
        ("forecast.q95 > 80", 1, "forecast is not available in this market"),
        ("anomaly.tail < 0.01", 1, "anomaly is not available in this market"),
        ("drift.found > 0", 1, "drift is not available in this market"),
        ("regime.stress", 1, "regime is not available in this market"),
        (" or ".join(["index > 1"] * (MAX_NODES // 3 + 1)), 287, f"more than {MAX_NODES} parts"),
        (" or ".join(["max(index, 1d) > 1"] * (MAX_WINDOWS + 1)), 177, f"more than {MAX_WINDOWS} windows"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(text: str, column: int, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        check(text, MARKET)
    assert said in caught.value.fault
    assert caught.value.place.column == column
    assert "^" in str(caught.value)


def test_a_number_alone() -> None:
    check_number("contributions.equity / index", MARKET)
    with pytest.raises(RuleError, match="this is a truth"):
        check_number("final", MARKET)
    with pytest.raises(RuleError, match="leave `for` out"):
        check_number("index for 5m", MARKET)
    with pytest.raises(RuleError, match="cannot stand here"):
        check_number("index) > 1 or (index", MARKET)
