"""One market under evaluation: its rules as an engine, and how far they have read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from api.alerting.ledger import Saved, Turn
from api.alerting.rulebook import StoredRule
from api.alerting.source import Seen, vocabulary_names
from api.archive.ids import START, Id
from models.alerts.carry import carry, dump, load
from models.alerts.engine import Compiled, Engine, with_room
from models.alerts.kinds import Checked, checked
from models.alerts.nodes import RuleError
from models.alerts.observe import Observer
from models.alerts.windows import MAX_WINDOWS
from schemas.alert_fields import Vocabulary
from schemas.names import RUN_MARK
from schemas.reading import EPOCH, Details, Reading, parse_rfc3339

log = structlog.get_logger("esi.alerts")

NO_ROOM: Final = (
    f"the rules of this market look back in more than {MAX_WINDOWS} different ways, and no more are kept: "
    "use the same windows as other rules, or remove some"
)


@dataclass(frozen=True, slots=True)
class Usable:
    """A rule that can be evaluated in its market."""

    stored: StoredRule
    checked: Checked


def vocabulary(card: Mapping[str, Any]) -> Vocabulary:
    """The names that a market's rules may use."""
    segments, indicators, instruments = vocabulary_names(card)
    return Vocabulary(tuple(segments), tuple(indicators), tuple(instruments), scores=card.get("scores") is True)


def usable(rules: Sequence[StoredRule], names: Vocabulary) -> tuple[list[Usable], dict[str, str]]:
    """The rules of a market that can be evaluated, and by name why others cannot.

    Where there are more windows than a market has room for, the newest rules that need them are left out.
    """
    good, faults = [], {}
    for stored in rules:
        if not stored.rule.enabled:
            continue
        try:
            good.append(Usable(stored, checked(stored.rule, names)))
        except RuleError as error:
            faults[stored.name] = str(error)
    by_age = sorted(good, key=lambda one: (one.stored.created_at, one.stored.id))
    room = with_room(one.checked for one in by_age)
    crowded = {one.stored.name for one, has_room in zip(by_age, room, strict=True) if not has_room}
    return [one for one in good if one.stored.name not in crowded], faults | dict.fromkeys(sorted(crowded), NO_ROOM)


def left_out(rules: Sequence[StoredRule], names: Vocabulary) -> int:
    """How many rules of a market find no room for their windows."""
    return sum(fault == NO_ROOM for fault in usable(rules, names)[1].values())


class Desk:
    """The rules of one market over its readings. It knows nothing that PostgreSQL does not know.

    Args:
        market: its name, with its run.
        card: its definition.
        rules: the rules that apply to it.
        saved: how far it was evaluated, or None.

    Attributes:
        up_to_date: whether it has lately read all there was; before that nobody knows whether the market is silent.
    """

    def __init__(self, market: str, card: Mapping[str, Any], rules: Sequence[StoredRule], saved: Saved | None) -> None:
        self.market, self.card = market, card
        self.epoch = saved.epoch if saved else ""
        self.position: Id = saved.position if saved else START
        self.sent_ns = saved.sent_ns if saved else 0
        self.up_to_date = False
        self.rules, self.faults = usable(rules, vocabulary(card))
        self.engine = self._engine()
        self.new_windows: frozenset[str] = frozenset()
        if saved is not None and saved.state:
            self.new_windows = self._carry(saved.state, self.engine)
        self._observer = Observer(self.engine.wanted)
        for name, fault in self.faults.items():
            log.error("rule_not_usable", market=market, rule=name, detail=fault)

    def _engine(self) -> Engine:
        return Engine([_compiled(one) for one in self.rules])

    def _carry(self, state: bytes, engine: Engine) -> frozenset[str]:
        try:
            return carry(load(state), engine)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            log.error("state_not_usable", market=self.market, detail=str(error), remedy="rules begin anew")
            return frozenset()

    @property
    def keys(self) -> list[str]:
        """Rules and versions that are evaluated."""
        return [one.stored.key for one in self.rules]

    @property
    def wants_details(self) -> bool:
        """Whether some rule looks at what only the details of finals say."""
        return self.engine.wants_details

    @property
    def watches_silence(self) -> bool:
        """Whether some rule asks for silence; runs are over some day and are never silent."""
        return self.engine.looks_at_silence and RUN_MARK not in self.market

    def warm(self, history: Sequence[tuple[Reading, Details | None]]) -> None:
        """Shows windows that are new the past, as if they had always been there; says nothing."""
        before, fresh = self.engine.snapshot(), self._engine()
        quiet = fresh.phases.snapshot()
        for reading, details in history:
            fresh.update(self._observer.reading(reading, details))
        fresh.phases.restore(quiet)
        kept = [key for key in before["windows"]["layout"] if key not in self.new_windows]
        carry(_without(before, kept), fresh)
        self.engine, self.new_windows = fresh, frozenset()

    def look(self, seen: Seen, details: Details | None) -> list[Turn]:
        """Takes in one reading; gives the alerts that it begins and ends."""
        self.position, self.sent_ns = max(self.position, seen.id), max(self.sent_ns, seen.sent_ns)
        if seen.reading is None:
            log.error("not_a_reading", market=self.market, id=f"{seen.id[0]}-{seen.id[1]}")
            return []
        verdict = self.engine.update(self._observer.reading(seen.reading, details))
        return self._turns(verdict, moment(parse_rfc3339(seen.reading.at)), seen.reading)

    def tock(self, at_us: int, silent_s: float) -> list[Turn]:
        """Takes in that nothing came; gives the alerts that this begins."""
        verdict = self.engine.update(self._observer.tock(at_us, silent_s))
        return self._turns(verdict, moment(at_us), None)

    def saved(self) -> Saved:
        """What to write down."""
        return Saved(self.epoch, self.position, self.sent_ns, dump(self.engine))

    def _turns(self, verdict: Any, at: datetime, reading: Reading | None) -> list[Turn]:
        indices = [(n, True) for n in verdict.fired.tolist()] + [(n, False) for n in verdict.resolved.tolist()]
        return [self._turn(n, began, float(verdict.shown[n]), at, reading) for n, began in indices]

    def _turn(self, n: int, began: bool, value: float, at: datetime, reading: Reading | None) -> Turn:
        rule = self.rules[n]
        shown = value if math.isfinite(value) else None
        return Turn(rule.stored, began, at, rule.checked.when_text, shown, reading)


def moment(at_us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(UTC)


def _compiled(one: Usable) -> Compiled:
    rule = one.stored.rule
    return Compiled(one.stored.key, one.checked, rule.keep, rule.every == "final")


def _without(state: dict[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """A state that knows only some of its windows."""
    windows = state["windows"]
    rows = [windows["layout"].index(key) for key in kept]
    header = {"step", "version", "layout"}
    cut = {name: value if name in header else value[rows] for name, value in windows.items()}
    return state | {"windows": cut | {"layout": tuple(kept)}}
