"""The models that answered in a recorded game: which they were, and copies of them.

    REC/models/NAME/DIGEST/   the artefact, so that neither an upgrade of the package nor a lost registry takes it away

Copies are made on a thread beside the game. One that cannot be made costs the copy: the recording still names the artefact.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec

from models import artefact
from streaming.wire.blocks import ModelSwitch

#: what the times of predictions were measured in
Timed = Literal["live", "replay"]
_log = logging.getLogger(__name__)


class ModelVersion(msgspec.Struct, frozen=True):
    """A version that answered, and the whole digest of its artefact; empty where only its answers have named it (on an
    endpoint)."""

    model: str
    version: str
    digest: str = ""


def copy_of(recording: Path, model: str, digest: str) -> Path:
    """Where a recording has its copy of an artefact, if it has one."""
    return recording / "models" / model / digest


class ModelCopies:
    """Collects the models of one recording in ``folder``; with ``copies`` also their artefacts."""

    def __init__(self, folder: Path, copies: bool) -> None:
        self.folder, self.copies = folder, copies
        self._found: dict[tuple[str, str], str] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._copies: list[tuple[ModelSwitch, Future[None]]] = []

    def answered(self, model: str, version: str) -> None:
        """An output names this version."""
        self._found.setdefault((model.partition("/")[0], version), "")

    def switched(self, switch: ModelSwitch) -> None:
        """This version answers from now on."""
        new = self._found.get((switch.model, switch.version)) != switch.digest
        self._found[switch.model, switch.version] = switch.digest
        if self.copies and new and switch.folder and switch.digest:
            self._thread = self._thread or ThreadPoolExecutor(1, "model-copies")
            place = copy_of(self.folder, switch.model, switch.digest)
            self._copies.append((switch, self._thread.submit(artefact.copy, Path(switch.folder), switch.digest, place)))

    def close(self) -> list[ModelVersion]:
        """All that answered; their copies are there."""
        for switch, copy in self._copies:
            try:
                copy.result()
            except (ValueError, OSError) as error:
                _log.warning("the recording names %s %s without a copy of it: %s", switch.model, switch.version, error)
        self.abort()
        return [ModelVersion(model, version, digest) for (model, version), digest in sorted(self._found.items())]

    def abort(self) -> None:
        """Stop copying."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
