"""Promotes models: first the registry's aliases, then the record in the feed that flows go by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from dataflows.config import FlowError
from dataflows.judging import aliases_of, check, now
from models.registry import aliases, manifest, store
from models.registry.aliases import CHALLENGER, Aliases, BusyError
from models.registry.refusals import ModelRefusedError, Refusal
from models.registry.store import Verdict
from schemas.control import MODEL_PROMOTED, Control
from schemas.market import Market

log = structlog.get_logger()

LEAD_S: Final = 2.0
"""Between aliases and record: flows that see the aliases have the model warm when the record comes."""

Send = Callable[[Control], int]
"""Puts a control record into the feed of the market, and returns its offset."""


class PromotionError(FlowError):
    """A promotion that did not happen; the message says why, and what is in force still is.

    Attributes:
        reason: why the version stays out, in one word; None where it is not the version's fault.
    """

    def __init__(self, told: str, reason: str | None = None) -> None:
        self.reason = reason
        super().__init__(told)


@dataclass(frozen=True)
class Promoted:
    """What was done.

    Attributes:
        name: of the model.
        aliases: of its versions now.
        label: the seat that it is for: the name, with `:challenger` behind it for one in the shadow.
        order: what the control record says.
        offset: of the record on partition 0 of the feed.
        verdict: of the check before; None where nothing was to be checked.
    """

    name: str
    aliases: Aliases
    label: str
    order: str
    offset: int
    verdict: Verdict | None = None

    @property
    def role(self) -> str:
        """Whose seat it is: `champion` or `challenger`."""
        return "champion" if self.label == self.name else "challenger"


@dataclass(frozen=True)
class Desk:
    """Where the versions of one model are promoted.

    Every act takes the model's lock, so that two at once follow each other, in aliases and in the feed alike. Who is
    killed in between leaves one valid champion: the old one, or the new one whose record is still to be sent, which
    doing the same again does.

    Attributes:
        registry: folder of all models.
        name: of the model.
        market: that it is for.
        send: puts the record into the feed.
        lead_s: seconds between aliases and record.

    Raises:
        PromotionError: (by every act) nothing has changed; says why.
    """

    registry: Path
    name: str
    market: Market
    send: Send
    lead_s: float = LEAD_S

    def promote(self, version: str, *, proven: bool = False) -> Promoted:
        """Makes a version champion, if it passes all checks and is not worse than the one in force.

        `proven`: it has beaten that one live, so its gate set is not asked.
        """
        with self._alone(version):
            verdict, said = self._passed(version, gate=not proven), aliases_of(self._model)
            return self._ordered(said, said.promoted(version), self.name, version, verdict)

    def enter(self, version: str, *, replaces: bool) -> Promoted:
        """Gives a newly trained version the seat that it has earned; `replaces`: whether that may be a champion's.

        Where nobody serves, it is champion if it lost less than persistence where it was judged. A champion it replaces
        if it is not worse on its gate set. Else it challenges.
        """
        champion = aliases_of(self._model).champion
        if (replaces and champion) or (champion is None and self._is_skilled(version)):
            try:
                return self.promote(version)
            except PromotionError as error:
                if error.reason != Refusal.WORSE:
                    raise
        return self.challenge(version)

    def challenge(self, version: str) -> Promoted:
        """Lets a version run in the champion's shadow; it may be worse, and must be sound."""
        with self._alone(version):
            said = aliases_of(self._model)
            if said.champion == version:
                msg = f"{self.name} {version} is the champion: another version can challenge it"
                raise PromotionError(msg)
            verdict = self._passed(version, gate=False)
            return self._ordered(said, said.challenged(version), self.name + CHALLENGER, version, verdict)

    def rollback(self) -> Promoted:
        """Puts the version back in force that was before; it may be worse, and must be sound."""
        with self._alone():
            said = aliases_of(self._model)
            if said.previous is None:
                msg = f"no version of {self.name} was in force before: promote one ({self._known()})"
                raise PromotionError(msg)
            verdict = self._passed(said.previous, gate=False)
            return self._ordered(said, said.promoted(said.previous), self.name, said.previous, verdict)

    def retire(self, *, challenger: bool = False) -> Promoted:
        """Empties the champion's seat, or the challenger's."""
        with self._alone():
            return self._emptied(challenger=challenger)

    def relieve(self, version: str, told: str) -> list[Promoted]:
        """Empties the seats of a version that has become slow at work, and notes why as its verdict.

        A version that has no role and is asked all the same lost its seat without a record: seats that nobody is meant
        to have are emptied once more. Whoever was promoted meanwhile keeps its seat.
        """
        with self._alone(version):
            said = aliases_of(self._model)
            meant = {False: said.champion, True: said.challenger}
            wanted = version if version in meant.values() else None
            done = [self._emptied(challenger=seat) for seat, holder in meant.items() if holder == wanted]
            with suppress(OSError):
                store.judge(self._model / version, Verdict(now(), Refusal.TOO_SLOW, told))
            return done

    @property
    def _model(self) -> Path:
        return self.registry / self.name

    @contextmanager
    def _alone(self, version: str = "") -> Iterator[None]:
        """With the model's lock; what is refused becomes a sentence for people."""
        try:
            if self.name not in store.names(self.registry):
                raise ModelRefusedError(Refusal.MISSING, f"{self.registry} has no such model; {self._known()}")
            with aliases.locked(self._model):
                yield
        except ModelRefusedError as error:
            msg = f"{self.name} {version}".rstrip() + f" is not promoted: {error}. What is in force stays so"
            raise PromotionError(msg, error.reason) from error
        except BusyError as error:
            raise PromotionError(str(error)) from error

    def _is_skilled(self, version: str) -> bool:
        """Whether it lost less than persistence; who watches for anomalies forecasts nothing."""
        with suppress(ModelRefusedError):
            return manifest.read(self._model / version).metrics.get("skill_over_persistence", 1.0) > 0
        return True  # whatever is wrong with it is said by the checks

    def _emptied(self, *, challenger: bool) -> Promoted:
        said = aliases_of(self._model)
        after = said.challenged(None) if challenger else said.retired()
        return self._ordered(said, after, self.name + CHALLENGER if challenger else self.name, None, None)

    def _passed(self, version: str, *, gate: bool) -> Verdict:
        verdict = check(self.registry, self.name, version, self.market, gate=gate)
        if verdict.reason is not None:
            raise ModelRefusedError(Refusal(verdict.reason), verdict.text)
        return verdict

    def _ordered(
        self, before: Aliases, after: Aliases, label: str, version: str | None, verdict: Verdict | None
    ) -> Promoted:
        """Aliases first, so that flows make the model ready; then the record. Without it, aliases are as before."""
        order = aliases.order(version, after)
        aliases.write(self._model, after)
        try:
            time.sleep(self.lead_s if version is not None else 0)
            offset = self.send(Control(MODEL_PROMOTED, label, order, self.market.name))
        except BaseException:
            aliases.write(self._model, before)
            raise
        log.info("model_ordered", model=label, order=order, market=self.market.name, offset=offset)
        return Promoted(self.name, after, label, order, offset, verdict)

    def _known(self) -> str:
        versions = [one.version for one in store.versions(self.registry, self.name)]
        names = ", ".join(store.names(self.registry)) or "none"
        return f"versions: {', '.join(versions)}" if versions else f"models: {names}"
