"""An endpoint that serves what is deployed: another version takes the place of the one before between two requests. A request holds
the model that it was given to the end, so none is dropped and none is mixed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from models.base import Model
from models.registry.follow import EVERY_S, Follower
from models.registry.store import Store
from models.serving.registry import Registry


class ServesDeployed:
    """The deployed versions of ``names`` in ``store``, in the server's registry from now on, and once it is started on the server's
    loop also those that are deployed later. They are made ready on a thread, and put in place on the loop."""

    def __init__(self, registry: Registry, store: Store, names: Iterable[str], every_s: float = EVERY_S) -> None:
        self.registry, self.store = registry, store
        self._loop: asyncio.AbstractEventLoop | None = None
        self.follower = Follower(store, names, self._arrange, every_s)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look from now on; ``loop`` is the one that takes requests in."""
        self._loop = loop
        self.follower.start()

    def close(self) -> None:
        self.follower.close()

    def _arrange(self, models: Mapping[str, Model]) -> Mapping[str, Model]:
        for name, model in models.items():
            served = self.registry.models.get(name)
            if served is not None and served.version == model.version:
                continue
            ready = self.registry.prepared(name, model, str(self.store.folder(name, model.version)))
            if self._loop is None:
                self.registry.install(ready)
            else:
                self._loop.call_soon_threadsafe(self.registry.install, ready)
        return models
