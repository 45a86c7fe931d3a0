"""Orders become seats: once, for good, and with the version before where the new one cannot be had."""

from __future__ import annotations

import pickle

from models.features import Schema
from models.registry.fits import Wanted
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.crew import Crew, Manned, Post
from tests.models import fake_models, tape

MARKET = tape.market(scores={"enabled": True}, horizon="30s")
WANTED = Wanted(MARKET.name, Schema.of(MARKET).hash, (1, 3))


def crew(shelf: fake_models.FakeShelf | None = None) -> tuple[Crew, fake_models.FakeShelf]:
    shelf = fake_models.shelf(MARKET) if shelf is None else shelf
    return Crew(WANTED, shelf), shelf


def seated(manned: Manned) -> list[tuple[str, str, int]]:
    return [(seat.label, seat.version, seat.periods) for seat in manned.seats]


def test_orders_seat_models_and_each_is_looked_for_once() -> None:
    step, shelf = crew()
    orders = (("lstm", "1:1"), ("far", "2:4"), ("vae", "1"))
    for _ in range(3):
        assert seated(step.peek(orders)) == [("lstm", "1", 1), ("far", "2", 3), ("vae", "1", 0)]
    assert all(seat.model is not None for seat in step.update(orders).seats)
    assert step.peek(orders) == step.update((*orders,))
    assert shelf.found == list(orders)
    assert not shelf.opened


def test_a_version_that_cannot_be_had_leaves_the_one_before_in_its_seat() -> None:
    step, shelf = crew()
    shelf.models["lstm", "3"] = ModelRefusedError(Refusal.WRONG_HASH, "model.onnx")
    step.update((("lstm", "1:1"),))
    assert seated(step.update((("lstm", "3:2"),))) == [("lstm", "1", 1)]
    assert step.posts == (Post("lstm", "3:2", "1", 1, "wrong_hash"),)
    shelf.models["lstm", "3"] = shelf.models["lstm", "2"]
    assert seated(step.update((("lstm", "3:2"),))) == [("lstm", "1", 1)]  # an order is judged once
    assert seated(step.update((("lstm", "3:3"),))) == [("lstm", "3", 1)]
    assert step.posts[0].reason == ""


def test_with_nobody_before_the_seat_is_empty_and_the_reason_is_kept() -> None:
    step, _ = crew()
    assert step.update((("gru", "1:1"), ("lstm", "9:1"))).seats == ()
    assert [(post.label, post.version, post.reason) for post in step.posts] == [
        ("gru", "", "missing"), ("lstm", "", "missing"),
    ]  # fmt: skip


def test_a_model_of_another_market_is_none_of_ours() -> None:
    step, shelf = crew()
    shelf.models["us-lstm", "1"] = fake_models.shelf(tape.market(name="us")).models["lstm", "1"]
    assert step.update((("us-lstm", "1"),)).seats == ()
    assert step.posts[0].reason == "wrong_market"
    step.update((("us-lstm", "1"),))
    assert shelf.misfits == [("us-lstm", "1", "wrong_market")], "told once"


def test_an_order_for_the_version_that_serves_changes_nothing() -> None:
    step, shelf = crew()
    step.update((("lstm", "1:1"),))
    assert seated(step.update((("lstm", "1:2"),))) == [("lstm", "1", 1)]
    assert len(shelf.found) == 1


def test_nobody_can_be_ordered() -> None:
    step, _ = crew()
    step.update((("lstm", "1:1"),))
    assert step.update((("lstm", "none:2"),)).seats == ()
    assert step.posts == (Post("lstm", "none:2", "", 0, ""),)


def test_a_challenger_sits_in_the_shadow_until_it_is_champion() -> None:
    step, _ = crew()
    both = (("lstm", "1:1"), ("lstm:challenger", "2:2"))
    assert [(s.label, s.version, s.counts) for s in step.update(both).seats] == [
        ("lstm", "1", True), ("lstm:challenger", "2", False),
    ]  # fmt: skip
    assert seated(step.update((("lstm:challenger", "2:2"), ("lstm", "2:3")))) == [("lstm", "2", 1)]


def test_a_restart_opens_what_served_and_keeps_the_seat_of_what_is_gone() -> None:
    step, _ = crew()
    orders = (("lstm", "1:1"), ("transformer", "2:1"), ("gru", "1:1"))
    step.update(orders)
    other, shelf = crew()
    del shelf.models["transformer", "2"]
    other.restore(pickle.loads(pickle.dumps(step.snapshot())))
    seats = other.update(orders).seats
    assert [(s.label, s.model is None) for s in seats] == [("lstm", False), ("transformer", True)]
    assert shelf.opened == [("lstm", "1"), ("transformer", "2")]
    assert not shelf.found
    assert other.snapshot() == step.snapshot()


def test_without_a_shelf_orders_are_left_alone() -> None:
    step = Crew(WANTED, None)
    assert step.update((("lstm", "1"),)) == Manned((), ())
    assert step.posts == ()
    saved = crew()[0]
    saved.update((("lstm", "1"),))
    step.restore(saved.snapshot())
    assert step.update((("lstm", "2"),)) == Manned((), ())
    assert step.snapshot() == saved.snapshot()


def test_models_that_serve_no_more_are_let_go() -> None:
    step, _ = crew()
    for n in range(30):
        step.update((("lstm", f"{n % 2 + 1}:{n}"),))
    assert len(step._open) <= 2
