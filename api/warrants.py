"""By what open sockets were let in: asked again every few seconds, so that a logout ends them as well."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from api.identity.authority import Authority, Shown
from api.identity.sockets import NOT_ALLOWED, NOT_LOGGED_IN, SCOPE
from api.problems import Problem
from api.room import Room
from api.viewer import Viewer


class Warrants:
    """What the viewers of a process have shown, a key or token of many viewers once.

    Args:
        room: the viewers.
        authority: says whether it still holds.
        every: seconds between two rounds.
    """

    def __init__(self, room: Room, authority: Authority, every: float) -> None:
        self._room, self._authority, self._every = room, authority, every
        self._shown: dict[Shown, Shown] = {}

    def hold(self, viewer: Viewer, shown: Shown | None) -> None:
        """A viewer was let in by this; who is local has shown nothing."""
        viewer.shown = None if shown is None else self._shown.setdefault(shown, shown)

    async def run(self) -> None:
        """Asks again until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            held = self._by_shown()
            self._shown = {shown: shown for shown in held}
            for shown, viewers in held.items():
                if not await self._still(shown, viewers):
                    break

    def _by_shown(self) -> dict[Shown, list[Viewer]]:
        held: dict[Shown, list[Viewer]] = defaultdict(list)
        for viewer in self._room:
            if viewer.shown is not None and viewer.open:
                held[viewer.shown].append(viewer)
        return held

    async def _still(self, shown: Shown, viewers: list[Viewer]) -> bool:
        """Closes those whose warrant has ended; False while the database cannot be asked, which ends nobody."""
        try:
            identity = await self._authority.who(shown)
        except Problem:
            return False
        if identity is None:
            self._end(viewers, NOT_LOGGED_IN, "logged out, revoked or ended: come back with another, and since")
        elif SCOPE not in identity.scopes:
            self._end(viewers, NOT_ALLOWED, f"the feed needs the scope {SCOPE!r}, which was taken away")
        return True

    @staticmethod
    def _end(viewers: list[Viewer], code: int, why: str) -> None:
        for viewer in viewers:
            viewer.close(code, why)
