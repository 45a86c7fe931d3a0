"""What people see of `esi up` and `esi replay`: sentences and one progress bar, all on standard error."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console as Rich
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

REPEAT_AFTER = 30.0
"""Seconds for which the same sentence is not said again."""


class Console:
    """Standard error, with a bar on terminals and a line per tenth elsewhere."""

    def __init__(self) -> None:
        self._rich = Rich(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._tenth = -1
        self._title = ""
        self._said: dict[str, float] = {}

    def tell(self, sentence: str) -> None:
        """Says a sentence, unless it was said a moment ago."""
        now = time.monotonic()
        if now - self._said.get(sentence, -REPEAT_AFTER) < REPEAT_AFTER:
            return
        self._said = {s: at for s, at in self._said.items() if now - at < REPEAT_AFTER} | {sentence: now}
        self._rich.print(sentence, markup=False)

    def progress(self, title: str, done: float, whole: float, text: str = "") -> None:
        """Shows how far something is; its bar begins with the first call and ends with `finish` or another title."""
        if title != self._title:
            self.finish()
            self._title = title
        if self._rich.is_terminal:
            self._draw(title, done, whole, text)
        elif whole and (tenth := int(done * 10 / whole)) > self._tenth:
            self._tenth = tenth
            self._rich.print(f"{title}: {done / whole:.0%} {text}".rstrip(), markup=False)

    def _draw(self, title: str, done: float, whole: float, text: str) -> None:
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
            self._bar = Progress(*columns, TextColumn("{task.fields[text]}"), TimeRemainingColumn(), console=self._rich)
            self._task = self._bar.add_task(title, total=whole, text=text)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=done, total=whole, text=text)

    def finish(self) -> None:
        """Ends the bar, if there is one."""
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._task, self._tenth, self._title = None, None, -1, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
