"""What is deployed, kept up to date beside a running program: whoever asks models looks at ``stamp``, one number, between two
records, and takes ``current()`` when it has changed. Loading, checking and warming happen on a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from models.base import Model
from models.registry.store import Store
from models.warm_up import ready

EVERY_S: Final = 0.2
_log = logging.getLogger(__name__)

Arrange = Callable[[Mapping[str, Model]], Mapping[str, Model]]


class Follower:
    """The deployed versions of ``names`` in ``store``. A context manager that looks every ``every_s``; 0: only when told to.

    ``arrange`` makes of the models by name what the asker wants (an operator: also their views). A version that does not load is
    never taken: the one before stays, and ``problems`` says why.
    """

    def __init__(
        self, store: Store, names: Iterable[str], arrange: Arrange = lambda models: models, every_s: float = EVERY_S
    ) -> None:
        self.store, self.names, self.every_s, self._arrange = store, sorted(names), every_s, arrange
        self.stamp = 0
        self.problems: dict[str, str] = {}
        self._marks = {name: store.mark(name) for name in self.names}
        self._models: dict[str, Model] = {name: ready(store.load(name, "deployed"), explained=True) for name in self.names}
        self._current = arrange(self._models)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def current(self) -> Mapping[str, Model]:
        """The models as of ``stamp``; the mapping is never changed afterwards."""
        return self._current

    def look(self) -> bool:
        """Look once; whether anything has changed."""
        changed: dict[str, Model] = {}
        for name in self.names:
            mark = self.store.mark(name)
            if mark == self._marks[name]:
                continue
            try:
                model = ready(self.store.load(name, "deployed"), explained=True)
            except (ValueError, OSError) as error:
                if self.problems.get(name) != str(error):
                    _log.error("%s stays at %s: %s", name, self._models[name].version, error)
                self.problems[name] = str(error)
                continue
            self._marks[name] = mark
            self.problems.pop(name, None)
            if model.version != self._models[name].version:
                changed[name] = model
        if changed:
            self._models = {**self._models, **changed}
            self._current = self._arrange(self._models)
            self.stamp += 1  # last: whoever sees it finds the new models
        return bool(changed)

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def start(self) -> Follower:
        """Look from now on, on a thread."""
        if self.every_s and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="deployed models", daemon=True)
            self._thread.start()
        return self

    def __enter__(self) -> Follower:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the registry is away, or our own mistake: what runs goes on as it is
                _log.exception("the registry %s could not be read", self.store.root)
