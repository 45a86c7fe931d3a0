"""Models in force in a market: from what control records say, to the seats that are asked."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from models.registry.aliases import ordered
from models.registry.fits import Wanted, misfit
from models.registry.refusals import ModelRefusedError
from models.serving.seats import Model, Seat, Shelf, counts, name_of
from models.signals.orders import Pairs
from models.signals.step import Step


class Post(NamedTuple):
    """What became of one order; plain data, so that it is part of a state as it is.

    Attributes:
        label: name of the model, with `:challenger` behind it for one in the shadow.
        order: what the control record said.
        version: that serves; empty: nobody.
        periods: finals ahead that it forecasts; 0 for one that watches for anomalies, or for nobody.
        reason: why the version that was ordered does not serve; empty: it does.
    """

    label: str
    order: str
    version: str
    periods: int
    reason: str


class Manned(NamedTuple):
    """Who is asked, and what became of each order."""

    seats: tuple[Seat, ...]
    posts: tuple[Post, ...]


class Crew(Step[Pairs, Manned, tuple[Post, ...]]):
    """Who serves, by the orders in force.

    A version that cannot be had stays out, and the one before it goes on. Whether it can be had is found out once, at
    the first reading of its order, and is part of the state from the next final on. A challenger that has become
    champion has nobody in its seat. A market without a shelf looks at no order and keeps what it has.
    """

    name: ClassVar[str] = "crew"
    fields: ClassVar[tuple[str, ...]] = ("posts",)

    def __init__(self, wanted: Wanted, shelf: Shelf | None) -> None:
        """Of a market; models come from the shelf."""
        self.layout = tuple(wanted)
        self._wanted, self._shelf = wanted, shelf
        self.posts: Any = ()
        self._last: tuple[Pairs, Any, tuple[Post, ...]] = ((), (), ())
        """What the last orders came to from the last state: a look at them costs next to nothing."""
        self._open: dict[tuple[str, str], Model | None] = {}

    def advance(self, x: Pairs) -> tuple[Manned, tuple[Post, ...]]:
        """Seats by the orders, in their order."""
        if self._shelf is None:
            return Manned((), ()), self.posts
        orders, posts, found = self._last
        if x != orders or self.posts is not posts:
            found = self._posted(x)
            self._last = (x, self.posts, found)
        return Manned(tuple(self._seat(post) for post in found if post.version), found), found

    def commit(self, change: tuple[Post, ...]) -> None:
        """The posts stand."""
        self.posts = change

    def _posted(self, orders: Pairs) -> tuple[Post, ...]:
        known = {post.label: post for post in (Post(*one) for one in self.posts)}
        found = {label: self._post(label, order, known.get(label)) for label, order in orders}
        said = tuple(self._unless_champion(post, found) for post in found.values())
        asked = {(name_of(post.label), post.version) for post in (*known.values(), *said)}
        self._open = {key: model for key, model in self._open.items() if key in asked}
        return said

    def _post(self, label: str, order: str, before: Post | None) -> Post:
        """The post of an order: as before where nothing was ordered since, else whoever can be had."""
        if before is not None and before.order == order:
            return before
        version = ordered(order)
        if version is None:
            return Post(label, order, "", 0, "")
        if before is not None and before.version == version:
            return before._replace(order=order, reason="")
        model = self._find(label, order)
        if isinstance(model, ModelRefusedError):
            kept = Post(label, order, "", 0, "") if before is None else before
            return kept._replace(order=order, reason=model.reason.value)
        self._open[name_of(label), version] = model
        return Post(label, order, version, model.manifest.horizon, "")

    def _find(self, label: str, order: str) -> Model | ModelRefusedError:
        assert self._shelf is not None, "orders are looked at with a shelf only"
        model = self._shelf.find(name_of(label), order)
        if isinstance(model, ModelRefusedError):
            return model
        if (error := misfit(model.manifest, self._wanted)) is None:
            return model
        self._shelf.refused(name_of(label), order, error)
        return error

    def _seat(self, post: Post) -> Seat:
        key = name_of(post.label), post.version
        if key not in self._open:  # after a restart
            assert self._shelf is not None, "as above"
            model = self._shelf.open(*key)
            self._open[key] = None if isinstance(model, ModelRefusedError) else model
        return Seat(post.label, post.version, post.periods, self._open[key])

    @staticmethod
    def _unless_champion(post: Post, found: dict[str, Post]) -> Post:
        champion = found.get(name_of(post.label))
        if counts(post.label) or champion is None or champion.version != post.version:
            return post
        return post._replace(version="", periods=0)
