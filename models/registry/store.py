"""The registry: a folder, which operators read without a service in between. It is the only source of truth.

    ROOT/NAME/VERSION/model.json, card.json   an artefact, never changed after it was registered ROOT/NAME/ledger.jsonl
    the audit log: action, time, name, reason; lines are only added ROOT/NAME/deployed.json                   which version is live;
    replaced in one move, so that a reader sees the old or the new one

A version is pending until it is approved, and only an approved one can be deployed. The artefact that ships with the package is
approved and live from the beginning. To roll back, deploy an earlier version.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from models import artefact
from models.artefact import ForestModel
from models.specs import spec_of

State = Literal["pending", "approved", "deployed"]
Action = Literal["registered", "approved", "deployed"]
PACKAGE: Final = "the package"
_LONGEST: Final = 2_000


class Entry(msgspec.Struct, frozen=True):
    """A line of the audit log. ``before`` is the version that was live until then. On disk ``action`` is spelled ``deed``."""

    at: str
    action: Action = msgspec.field(name="deed")
    version: str
    by: str
    why: str
    before: str = ""


class Pointer(msgspec.Struct, frozen=True):
    """``deployed.json``."""

    version: str
    at: str
    by: str


class Version(msgspec.Struct, frozen=True):
    """A version, its state, and its entries in the audit log."""

    name: str
    version: str
    state: State
    entries: list[Entry]


class Store:
    """The registry in the folder ``root``, which is created by the first write. Any number of processes may use it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    # -- reading ---------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Models of which the registry has versions."""
        return sorted(path.parent.name for path in self.root.glob("*/ledger.jsonl"))

    def history(self, name: str) -> list[Entry]:
        """The audit log of a model, oldest entry first; where there is none yet, the entries of the shipped version."""
        path = self._model_folder(name) / "ledger.jsonl"
        if not path.is_file():
            return self._shipped_history(name)
        try:
            return [msgspec.json.decode(line, type=Entry) for line in path.read_bytes().splitlines()]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"the audit log {path} is damaged: {error}") from None

    def versions(self, name: str) -> list[Version]:
        """In the order in which they were registered."""
        history, live = self.history(name), self.deployed(name)
        found: dict[str, list[Entry]] = {}
        for entry in history:
            found.setdefault(entry.version, []).append(entry)
        return [
            Version(name, version, "deployed" if version == live else _state(entries), entries)
            for version, entries in found.items()
        ]

    def deployed(self, name: str) -> str | None:
        """The live version; None when the model neither ships nor was ever deployed."""
        path = self._model_folder(name) / "deployed.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Pointer).version
        except FileNotFoundError:
            return _shipped(name)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is damaged: {error}") from None

    def mark(self, name: str) -> bytes:
        """Differs when another version is deployed, and is cheap to read many times a second. It is the content of the pointer,
        since neither its time nor its inode need change when it is replaced twice within a tick of the clock."""
        try:
            return (self._model_folder(name) / "deployed.json").read_bytes()
        except FileNotFoundError:
            return b""

    def find(self, name: str, version: str) -> str:
        """The full version that ``version``, or its first letters, names; ``shipped`` and ``deployed`` are names, too."""
        if version == "deployed" and (live := self.deployed(name)):
            return live
        if version == "shipped" and (shipped_version := _shipped(name)):
            return shipped_version
        found = [v.version for v in self.versions(name) if v.version.startswith(version)] if version else []
        if len(found) != 1:
            known = ", ".join(f"{v.version} ({v.state})" for v in self.versions(name)) or "none"
            raise ValueError(f"{len(found)} versions of {name} begin with {version!r}; versions are {known}")
        return found[0]

    def load(self, name: str, version: str) -> ForestModel:
        """``ValueError`` when the version is unknown, or its artefact was altered."""
        version = self.find(name, version)
        model = artefact.load(self.folder(name, version))
        if (model.name, model.version) != (name, version):
            raise ValueError(f"{self.folder(name, version)} holds {model.name} {model.version}: the artefact was replaced")
        return model

    def folder(self, name: str, version: str) -> Path:
        """The folder of the artefact of a full version."""
        kept = self._model_folder(name) / version
        shipped = artefact.shipped_folder(name)
        return shipped if shipped is not None and not kept.is_dir() and version == _shipped(name) else kept

    # -- writing ---------------------------------------------------------------------------------------------------

    def register(self, folder: Path, by: str, why: str) -> Version:
        """Copy an artefact into the registry, pending; an existing version stays as it is."""
        model = artefact.load(folder)
        name, version = model.name, model.version
        with self._locked(name):
            if all(v.version != version for v in self.versions(name)):
                kept = self._model_folder(name) / version
                fresh = Path(tempfile.mkdtemp(prefix=f".{version}.", dir=self._model_folder(name)))
                try:
                    for path in folder.iterdir():
                        if path.name in artefact.FILES or path.name == "card.json":
                            shutil.copyfile(path, fresh / path.name)
                    if artefact.load(fresh).version != version:
                        raise ValueError(f"{folder} changed while it was copied")
                    fresh.chmod(0o755)
                    fresh.rename(kept)
                finally:
                    if fresh.exists():
                        shutil.rmtree(fresh)
                self._append(name, Entry(_now(), "registered", version, _checked_text(by, "by"), _checked_text(why, "why")))
        return self._version(name, version)

    def approve(self, name: str, version: str, by: str, why: str) -> Version:
        """Approve a version. The artefact is read in full: an altered one cannot be approved."""
        version = self.load(name, version).version
        with self._locked(name):
            if _state(self._version(name, version).entries) == "approved":
                raise ValueError(f"{name} {version} is approved already")
            self._append(name, Entry(_now(), "approved", version, _checked_text(by, "by"), _checked_text(why, "why")))
        return self._version(name, version)

    def deploy(self, name: str, version: str, by: str, why: str) -> Version:
        """Make an approved version live: operators that follow the registry switch to it between two records."""
        version = self.load(name, version).version
        with self._locked(name):
            if _state(self._version(name, version).entries) != "approved":
                raise ValueError(f"{name} {version} is not approved: touchline models approve {name} {version} --by WHO --why TEXT")
            before, at = self.deployed(name) or "", _now()
            if before == version:
                raise ValueError(f"{name} {version} is live already")
            _replace(self._model_folder(name) / "deployed.json", msgspec.json.encode(Pointer(version, at, _checked_text(by, "by"))))
            self._append(name, Entry(at, "deployed", version, by, _checked_text(why, "why"), before))
        return self._version(name, version)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _model_folder(self, name: str) -> Path:
        return self.root / spec_of(name).name

    def _version(self, name: str, version: str) -> Version:
        return next(v for v in self.versions(name) if v.version == version)

    def _shipped_history(self, name: str) -> list[Entry]:
        shipped_version = _shipped(name)
        actions: tuple[Action, ...] = ("registered", "approved", "deployed") if shipped_version else ()
        return [Entry("", action, shipped_version or "", PACKAGE, "ships with the package") for action in actions]

    def _append(self, name: str, entry: Entry) -> None:
        path = self._model_folder(name) / "ledger.jsonl"
        lines = [] if path.is_file() else self._shipped_history(name)
        with path.open("ab") as file:
            file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in (*lines, entry)))
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Lock the model against other writers."""
        place = self._model_folder(name)
        place.mkdir(parents=True, exist_ok=True)
        with (place / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _state(entries: list[Entry]) -> Literal["pending", "approved"]:
    return "approved" if any(entry.action == "approved" for entry in entries) else "pending"


@cache
def _shipped(name: str) -> str | None:
    """The version of the artefact inside the package."""
    if artefact.shipped_folder(spec_of(name).name) is None:
        return None
    return artefact.load(name).version


def _checked_text(text: str, what: str) -> str:
    """An entry of the audit log needs a name and a reason."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        raise ValueError(f"--{what} takes 1 to {_LONGEST} characters")
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _replace(path: Path, raw: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(raw + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
