"""Progress of long work: a bar at a terminal, a plain line now and then in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class Progress:
    """A context manager; ``advance`` counts. Everything goes to stderr, so that stdout stays data.

    Parameters
    ----------
    label : what is being done
    total : how much there is, in ``unit``; None when unknown
    """

    def __init__(self, label: str, total: float | None = None, unit: str = "") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0.0
        self._bar: Any = None
        self._task: Any = None
        self._began = self._printed = time.monotonic()

    def __enter__(self) -> Progress:
        self._began = self._printed = time.monotonic()
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}", markup=False),  # a title comes from outside: [/] in it is no markup
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(self.label, total=self.total)
        return self

    def advance(self, amount: float = 1.0) -> None:
        self.done += amount
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done)
        elif time.monotonic() - self._printed >= 5.0:
            self._printed = time.monotonic()
            share = f" ({100 * self.done / self.total:.0f} %)" if self.total else ""
            print(f"{self.label}: {self.done:,.0f} {self.unit}{share}", file=sys.stderr)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif error is None:
            took = time.monotonic() - self._began
            print(f"{self.label}: done, {self.done:,.0f} {self.unit} in {took:.1f} s", file=sys.stderr)


def track(items: Iterable[T], label: str, total: float | None = None, unit: str = "") -> Iterator[T]:
    """The items, counted as they pass."""
    with Progress(label, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()
