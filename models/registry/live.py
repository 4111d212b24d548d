"""What is live in this process, and what stands in the way: for the log, for /metrics and for the operator page.

Several followers of one registry (a sport each, simulated and real games) report here. A switch is counted and logged once, and
so is a problem, when it begins and when it ends.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import Any, NamedTuple

_log = logging.getLogger(__name__)


class Problem(NamedTuple):
    """Why a model, or with an empty ``model`` all of a registry, is not the one that is deployed there; since when, us."""

    registry: str
    model: str
    reason: str
    since_us: int


class LiveModels:
    """``versions`` by registry and model; ``switches`` by model; ``problems`` that there are now. Any thread."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str], str] = {}
        self.switches: Counter[str] = Counter()
        #: those that ship: they answer without a registry
        self.added: set[tuple[str, str, str]] = set()
        self._digests: dict[tuple[str, str], str] = {}
        self._problems: dict[tuple[str, str], Problem] = {}
        self._users: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, registry: str) -> None:
        """A follower of the registry begins."""
        with self._lock:
            self._users[registry] += 1

    def end(self, registry: str) -> None:
        """A follower has ended; with the last one, nothing of the registry is live here."""
        with self._lock:
            self._users[registry] -= 1
            if self._users[registry] <= 0:
                del self._users[registry]
                for table in (self.versions, self._digests, self._problems):
                    for key in [key for key in table if key[0] == registry]:
                        del table[key]

    def use(self, registry: str, model: str, version: str, digest: str) -> None:
        """``version`` answers from now on."""
        key = registry, model
        with self._lock:
            before, known = self.versions.get(key), self._digests.get(key)
            self.versions[key], self._digests[key] = version, digest
            if known is None or known == digest:
                return
            self.switches[model] += 1
        _log.warning("%s: %s answers instead of %s (%s)", model, version or "none", before or "none", registry)

    def add(self, registry: str, model: str, version: str) -> None:
        """``version`` answers beside others of the model, in games of its own."""
        self.added.add((registry, model, version))

    def problem(self, registry: str, model: str, reason: str) -> None:
        """There is a problem, or with an empty reason none any more."""
        key = registry, model
        with self._lock:
            known = self._problems.get(key)
            if (known.reason if known else "") == reason:
                return
            if reason:
                self._problems[key] = Problem(registry, model, reason, time.time_ns() // 1000)
            else:
                del self._problems[key]
        if reason:
            _log.warning("%s: %s", model or f"the registry {registry}", reason)
        else:
            _log.warning("%s: mended", model or f"the registry {registry}")

    def problems(self) -> list[Problem]:
        """Those of now, those of whole registries first."""
        with self._lock:
            return [self._problems[key] for key in sorted(self._problems)]

    def report(self) -> list[dict[str, Any]]:
        """The problems as plain values."""
        return [problem._asdict() for problem in self.problems()]

    def switch_counts(self) -> list[tuple[str, int]]:
        """(model, switches) of all that answer here or have switched."""
        used = {model for model, _ in self.in_use()}
        with self._lock:
            return sorted({**dict.fromkeys(used, 0), **self.switches}.items())

    def in_use(self) -> list[tuple[str, str]]:
        """(model, version) of all that answer here."""
        with self._lock:
            followed = {(model, version) for (_, model), version in self.versions.items()}
        return sorted(followed | {(model, version) for _, model, version in self.added})


#: of this process
LIVE = LiveModels()
