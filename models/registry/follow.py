"""The deployed models, kept up to date beside a running program: an operator compares ``stamp``, one number, between two records,
and switches to ``current()`` when it has changed. A thread of its own loads, checks and warms up the models.

Only a deployment changes what is live: a pointer that names an approved version, whose artefact is whole. Whatever else happens
to the registry (unmounted, emptied, torn, half written, an old state of it), the models that answer go on, the problem is
reported once, and the registry is taken up again when it is back.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from models.base import Model, digest_of
from models.registry.live import LIVE
from models.registry.store import Standing, Store
from models.unavailable import UnavailableModel
from models.warm_up import ready

EVERY_S: Final = 0.2
#: an artefact that did not load is read again after so long, unless its files change before
RETRY_S: Final = 2.0
#: pointers that were replaced: one of them again is an old state of the registry, and no deployment
_REMEMBERED: Final = 256
_CLOSE_S: Final = 5.0

Transform = Callable[[Mapping[str, Model]], Mapping[str, Model]]


class Follower:
    """The deployed versions of ``names`` in ``store``. A context manager that polls every ``every_s``; 0: only by ``poll``.

    ``transform`` maps the models by name to those of ``current`` (an operator: with their views). A version that does not load is
    not used: the former one stays, and ``problems`` has the reason. At the start, where there is no former one, it is the
    version that was live before; without any, the model is unavailable (``models.unavailable``), and the others start.
    """

    def __init__(
        self, store: Store, names: Iterable[str], transform: Transform = lambda models: models, every_s: float = EVERY_S
    ) -> None:
        self.store, self.names, self.every_s, self._transform = store, sorted(names), every_s, transform
        self.stamp = 0
        self.problems: dict[str, str] = {}
        #: why nothing of the registry can be read; empty when it can
        self.outage = ""
        self._models: dict[str, Model] = {}
        self._root = str(store.root)
        #: the pointer whose version answers; None where another version had to answer from the start
        self._marks: dict[str, bytes | None] = {}
        self._logged: dict[str, bool] = {}
        self._replaced: dict[str, deque[bytes]] = {name: deque(maxlen=_REMEMBERED) for name in self.names}
        self._failed: dict[str, tuple[Any, float]] = {}
        self._empty, self._had_models = True, False
        self._find_outage()
        LIVE.begin(self._root)
        self._models = {name: self._first(name) for name in self.names}
        self._current = transform(self._models)
        self._report(self.names)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def current(self) -> Mapping[str, Model]:
        """The models as of ``stamp``; the mapping is never changed afterwards."""
        return self._current

    def poll(self) -> bool:
        """Read the pointers once; whether anything has changed."""
        self._find_outage()
        changed = [] if self.outage else [name for name in self.names if self._poll_one(name)]
        if changed:
            self.stamp += 1  # last: a reader that sees the new stamp finds the new models
        self._report(changed)
        return bool(changed)

    def close(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)  # a server that is away may hold it for ever
        LIVE.end(self._root)

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

    # -- the start -------------------------------------------------------------------------------------------------

    def _first(self, name: str) -> Model:
        """The model to start with."""
        self._marks[name] = None
        try:
            standing = self.store.standing(name)
        except (ValueError, OSError) as error:
            return self._unavailable(name, None, f"the registry does not show which version is live: {error}")
        self._logged[name] = standing.logged
        if standing.version is None:
            return self._unavailable(name, None, standing.problem or f"no version of {name} ships or was deployed")
        model, reason = self._loaded(name, standing.version, standing.digest)
        if model is not None:
            self._marks[name] = standing.mark
            if standing.problem:
                self.problems[name] = f"{standing.problem}; {standing.version} was deployed last, and answers"
            return model
        for version in self._before(name, standing.version):
            model, _ = self._loaded(name, version)
            if model is not None:
                self.problems[name] = f"{version} answers instead of {standing.version}, which is deployed: {reason}"
                return model
        return self._unavailable(name, standing.version, reason)

    def _before(self, name: str, version: str) -> list[str]:
        """What may answer at the start instead of ``version``."""
        try:
            found = self.store.before(name, version)
            never_deployed = all(entry.action != "deployed" or not entry.at for entry in self.store.history(name))
            own = self.store.versions(name)[-1] if never_deployed else None
        except (ValueError, OSError):
            return []
        # a registry of an earlier program has no copy of what shipped with that: as long as nothing was deployed, what ships
        # now is live
        return found if own is None or own.version in found else [*found, own.version]

    def _unavailable(self, name: str, version: str | None, reason: str) -> Model:
        self.problems[name] = f"unavailable: {reason}"
        return UnavailableModel(name, version or "none", reason)

    # -- afterwards ------------------------------------------------------------------------------------------------

    def _poll_one(self, name: str) -> bool:
        """Whether another version of ``name`` answers from now on."""
        try:
            standing = self.store.standing(name)
            reason = self._no_deployment(name, standing)
            if not reason and standing.mark == self._marks[name]:
                self._settled(name, standing)
                return False
            if not reason:
                signature = (standing.mark, self._signature(name, standing.version))
                if self._too_soon(name, signature):
                    return False
                return self._switch(name, standing, signature)
        except (ValueError, OSError) as error:
            reason = f"the registry cannot be read: {error}"
        self._keep(name, reason)
        return False

    def _no_deployment(self, name: str, standing: Standing) -> str:
        """Why what the registry shows is no deployment; empty when it is one, or nothing new."""
        known = self._marks[name]
        if standing.problem:
            return standing.problem
        if not standing.mark and (known or (self._logged.get(name) and not standing.logged)):
            return f"{self.store.root / name} is gone"
        if standing.mark == known:
            return ""
        if standing.mark in self._replaced[name]:
            return f"the registry shows an earlier deployment, of {standing.version}, again"
        if standing.version is None:
            return f"no version of {name} ships or was deployed"
        if standing.mark and not self.store.approved(name, standing.version):
            return f"the pointer names {standing.version}, which the audit log does not have as approved"
        return ""

    def _switch(self, name: str, standing: Standing, signature: Any) -> bool:
        """Have the version that the pointer names answer, if it can."""
        version = standing.version or ""
        model, reason = self._loaded(name, version, standing.digest)
        if model is not None and digest_of(model) != digest_of(self._models[name]):
            models = {**self._models, name: model}
            try:
                current = self._transform(models)
            except Exception as error:  # noqa: BLE001 - whatever a model cannot do must not stop the one that answers
                model, reason = None, str(error) or type(error).__name__
            else:
                self._models, self._current = models, current
                self._settled(name, standing)
                return True
        if model is None:
            self._failed[name] = signature, time.monotonic() + (RETRY_S if self.every_s else 0.0)
            self._keep(name, reason)
        else:
            self._settled(name, standing)
        return False

    def _settled(self, name: str, standing: Standing) -> None:
        """What the registry shows is what answers."""
        known = self._marks[name]
        if known and known != standing.mark:
            self._replaced[name].append(known)
        self._marks[name], self._logged[name] = standing.mark, standing.logged
        self._failed.pop(name, None)
        self.problems.pop(name, None)

    def _keep(self, name: str, reason: str) -> None:
        version = self._models[name].version
        unavailable = isinstance(self._models[name], UnavailableModel)
        self.problems[name] = f"unavailable: {reason}" if unavailable else f"{version} stays live: {reason}"

    def _too_soon(self, name: str, signature: Any) -> bool:
        """Whether the same files did not load a moment ago."""
        before, again_s = self._failed.get(name, (None, 0.0))
        return before == signature and time.monotonic() < again_s

    def _signature(self, name: str, version: str | None) -> Any:
        """Differs when the files of an artefact have changed."""
        folder = self.store.folder(name, version or "")
        try:
            found = [(folder / file).stat() for file in os.listdir(folder)]
        except OSError as error:
            return error.errno
        return sorted((each.st_ino, each.st_size, each.st_mtime_ns) for each in found)

    def _loaded(self, name: str, version: str, digest: str = "") -> tuple[Model | None, str]:
        """The model, ready, or why there is none."""
        try:
            return ready(self.store.read(name, version, digest), explained=True), ""
        except Exception as error:  # noqa: BLE001 - one artefact that cannot be used must not cost the other models
            return None, str(error) or type(error).__name__

    def _find_outage(self) -> None:
        """Whether the whole registry is away: not there, not readable, or empty after it was not."""
        try:
            names = os.listdir(self.store.root)
            self._empty = all(name.startswith(".") or name == "lost+found" for name in names)
            self._had_models = self._had_models or not self._empty
            self.outage = "it is empty, and was not" if self._empty and self._had_models else ""
        except OSError as error:
            self.outage = str(error)
        if self.outage:
            for name in self._models:
                self._keep(name, f"the registry {self._root} is away: {self.outage}")

    def _report(self, changed: Iterable[str]) -> None:
        """To the log, the metrics and the operator page."""
        for name in changed:
            LIVE.use(self._root, name, self._models[name].version, digest_of(self._models[name]))
        if self.outage:
            LIVE.problem(self._root, "", f"it is away, and the models that answer stay: {self.outage}")
        else:
            LIVE.problem(self._root, "", "it holds no models: those that ship with the package answer" if self._empty else "")
        if not self.outage:
            for name in self.names:
                LIVE.problem(self._root, name, self.problems.get(name, ""))

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            try:
                self.poll()
            except Exception as error:  # noqa: BLE001 - an unreadable registry must not stop the models that run
                LIVE.problem(self._root, "", f"it cannot be read: {error or type(error).__name__}")
