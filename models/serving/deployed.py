"""An endpoint that serves the deployed versions. A new version replaces the old one between two requests. A request keeps its model
to the end, so that no prediction is dropped or mixed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from models.base import Model, digest_of
from models.registry.follow import EVERY_S, Follower
from models.registry.store import Store
from models.serving.loaded_models import LoadedModels
from models.unavailable import UnavailableModel


class DeploymentSync:
    """The deployed versions of ``names`` in ``store``, in the server's registry from now on, and once it is started on the server's
    loop also those that are deployed later. They are made ready on a thread, and put in place on the loop."""

    def __init__(self, loaded: LoadedModels, store: Store, names: Iterable[str], every_s: float = EVERY_S) -> None:
        self.loaded, self.store = loaded, store
        self._loop: asyncio.AbstractEventLoop | None = None
        self.follower = Follower(store, names, self._transform, every_s)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Follow the registry from now on; ``loop`` is the one of the server."""
        self._loop = loop
        self.follower.start()

    def close(self) -> None:
        self.follower.close()

    def _transform(self, models: Mapping[str, Model]) -> Mapping[str, Model]:
        for name, model in models.items():
            served = self.loaded.models.get(name)
            if served is not None and (served.digest, served.version) == (digest_of(model), model.version):
                continue
            if isinstance(model, UnavailableModel):
                self.loaded.unavailable[name] = model.unavailable
                continue
            ready = self.loaded.prepare(name, model, str(self.store.folder(name, model.version)))
            if self._loop is None:
                self.loaded.install(ready)
            else:
                self._loop.call_soon_threadsafe(self.loaded.install, ready)
        return models
