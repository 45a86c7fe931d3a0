"""Orders take effect in event time, once, and what they set is short."""

from __future__ import annotations

from models.signals.orders import MOST_MODELS, MOST_REMARKS, Orders
from schemas.bars import NEVER
from schemas.control import MARKET_CHANGED, MODEL_PROMOTED, NOTE, Control


def _promoted(version: str, at_us: int, name: str = "lstm") -> Control:
    return Control(MODEL_PROMOTED, name, version, None, at_us)


def test_an_order_takes_effect_at_the_first_step_that_ends_after_its_time() -> None:
    orders = Orders().given((_promoted("1", 10), _promoted("2", 20)))
    assert orders.by(10) == orders
    assert orders.by(11).models == (("lstm", "1"),)
    assert orders.by(11).by(21).models == orders.by(21).models == (("lstm", "2"),)
    assert orders.by(21).waiting == ()


def test_what_stood_before_the_first_record_is_in_force_at_once() -> None:
    assert Orders().given((_promoted("1", NEVER),)).by(0).models == (("lstm", "1"),)


def test_models_stay_and_remarks_go_with_the_close() -> None:
    orders = Orders().given((_promoted("1", 0), Control(NOTE, "desk", "closed early", None, 0))).by(1)
    assert orders.remarks == (("desk", "closed early"),)
    assert orders.closed() == Orders(models=orders.models)


def test_an_edition_that_goes_on_is_a_remark_beside_a_note_of_that_name() -> None:
    said = (Control(NOTE, "us", "closed early", None, 0), Control(MARKET_CHANGED, "us", "us@2", None, 0))
    assert Orders().given(said).by(1).remarks == (("us", "closed early"), ("market_changed:us", "us@2"))


def test_the_newest_are_remembered() -> None:
    models = tuple(_promoted(str(n), n, f"m{n}") for n in range(20))
    notes = tuple(Control(NOTE, f"n{n}", "x", None, n) for n in range(50))
    orders = Orders().given(models).by(99).given(notes).by(99)
    assert [name for name, _ in orders.models] == [f"m{n}" for n in range(20 - MOST_MODELS, 20)]
    assert [name for name, _ in orders.remarks] == [f"n{n}" for n in range(50 - MOST_REMARKS, 50)]


def test_plain_tuples_are_read_back() -> None:
    orders = Orders().given((_promoted("1", 0), _promoted("2", 9))).by(1)
    plain = (tuple(tuple(one) for one in orders.waiting), orders.models, orders.remarks)
    assert Orders.of(plain) == orders
