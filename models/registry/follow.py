"""The deployed models, kept up to date beside a running program: an operator compares ``stamp``, one number, between two records,
and switches to ``current()`` when it has changed. A thread of its own loads, checks and warms up the models."""

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

Transform = Callable[[Mapping[str, Model]], Mapping[str, Model]]


class Follower:
    """The deployed versions of ``names`` in ``store``. A context manager that polls every ``every_s``; 0: only by ``poll``.

    ``transform`` maps the models by name to those of ``current`` (an operator: with their views). A version that does not load is
    not used: the former one stays, and ``problems`` has the reason.
    """

    def __init__(
        self, store: Store, names: Iterable[str], transform: Transform = lambda models: models, every_s: float = EVERY_S
    ) -> None:
        self.store, self.names, self.every_s, self._transform = store, sorted(names), every_s, transform
        self.stamp = 0
        self.problems: dict[str, str] = {}
        self._marks = {name: store.mark(name) for name in self.names}
        self._models: dict[str, Model] = {name: ready(store.load(name, "deployed"), explained=True) for name in self.names}
        self._current = transform(self._models)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def current(self) -> Mapping[str, Model]:
        """The models as of ``stamp``; the mapping is never changed afterwards."""
        return self._current

    def poll(self) -> bool:
        """Read the pointers once; whether anything has changed."""
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
            self._current = self._transform(self._models)
            self.stamp += 1  # last: a reader that sees the new stamp finds the new models
        return bool(changed)

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def start(self) -> Follower:
        """Poll from now on, on a thread."""
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
                self.poll()
            except Exception:  # noqa: BLE001 - an unreadable registry must not stop the models that run
                _log.exception("the registry %s could not be read", self.store.root)
