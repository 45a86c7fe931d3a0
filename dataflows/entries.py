"""What one step's end becomes in a market's streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

_FIELDS: Final = ("reading", "bars", "details")
"""Field of the body, by channel."""


class Publishable(Protocol):
    """What a market's last step gives for one step's end."""

    @property
    def at_us(self) -> int:
        """End of the step."""
        ...

    @property
    def final(self) -> bool:
        """Whether it closes a period."""
        ...

    @property
    def reading(self) -> bytes:
        """Canonical bytes."""
        ...

    @property
    def bars(self) -> bytes | None:
        """Canonical bytes."""
        ...

    @property
    def details(self) -> bytes | None:
        """Canonical bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream entry: the channel's number in `names.CHANNELS` from 1 on, its id, kind and body."""

    channel: int
    id: str
    kind: str
    body: bytes

    def arguments(self, sent_ns: int) -> list[Any]:
        """The script's arguments for it."""
        return [self.channel, self.id, self.kind, _FIELDS[self.channel - 1], self.body, sent_ns]


def entries_of(published: Publishable) -> list[Entry]:
    """Bars, details, reading: whoever sees the reading finds the others there already."""
    step_ms = published.at_us // 1000
    entries = []
    if published.bars is not None:
        entries.append(Entry(2, f"{step_ms}-0", "other", published.bars))
    if published.details is not None:
        entries.append(Entry(3, f"{step_ms}-1", "other", published.details))
    kind = "final" if published.final else "provisional"
    entries.append(Entry(1, f"{step_ms}-{int(published.final)}", kind, published.reading))
    return entries
