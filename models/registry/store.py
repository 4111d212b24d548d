"""The registry as a folder, which operators read without any service in between.

    ROOT/NAME/VERSION/model.json, card.json   an artefact, never changed after it was registered
    ROOT/NAME/ledger.jsonl                    what became of the versions: who, when, why; lines are only ever added
    ROOT/NAME/deployed.json                   which version is live; replaced in one move, so that a reader sees one or the other

A version is pending until somebody approves it, and only an approved one can be deployed. The artefact that ships with the package
is there from the beginning, approved and live. Going back is deploying an earlier version.
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
    """A line of the ledger. ``before`` is the version that was live when another was deployed."""

    at: str
    deed: Action
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
    """A version and how far it has come."""

    name: str
    version: str
    state: State
    entries: list[Entry]


class Store:
    """The registry in the folder ``root``, which is made when something is written. Any number of processes may use it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    # -- reading ---------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Models of which the registry has versions."""
        return sorted(path.parent.name for path in self.root.glob("*/ledger.jsonl"))

    def history(self, name: str) -> list[Entry]:
        """All that happened to a model, oldest first; for one that nothing happened to, that it ships with the package."""
        path = self._place(name) / "ledger.jsonl"
        if not path.is_file():
            return self._beginning(name)
        try:
            return [msgspec.json.decode(line, type=Entry) for line in path.read_bytes().splitlines()]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"the ledger {path} is damaged: {error}") from None

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
        path = self._place(name) / "deployed.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Pointer).version
        except FileNotFoundError:
            return _shipped(name)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is damaged: {error}") from None

    def mark(self, name: str) -> bytes:
        """Another one when another version is deployed: cheap enough to be looked at many times a second. It is the pointer itself,
        since neither its time nor its inode need be new when it was replaced twice within a clock's tick."""
        try:
            return (self._place(name) / "deployed.json").read_bytes()
        except FileNotFoundError:
            return b""

    def find(self, name: str, version: str) -> str:
        """The full version that ``version``, or its first letters, names; ``shipped`` and ``deployed`` are names, too."""
        if version == "deployed" and (live := self.deployed(name)):
            return live
        if version == "shipped" and (own := _shipped(name)):
            return own
        found = [v.version for v in self.versions(name) if v.version.startswith(version)] if version else []
        if len(found) != 1:
            there = ", ".join(f"{v.version} ({v.state})" for v in self.versions(name)) or "none"
            raise ValueError(f"{len(found)} versions of {name} begin with {version!r}: there are {there}")
        return found[0]

    def load(self, name: str, version: str) -> ForestModel:
        """``ValueError`` when the version is unknown, or its artefact is not what it was."""
        version = self.find(name, version)
        model = artefact.load(self.folder(name, version))
        if (model.name, model.version) != (name, version):
            raise ValueError(f"{self.folder(name, version)} holds {model.name} {model.version}: somebody has exchanged it")
        return model

    def folder(self, name: str, version: str) -> Path:
        """Where the artefact of a full version lies."""
        kept = self._place(name) / version
        own = artefact.shipped_folder(name)
        return own if own is not None and not kept.is_dir() and version == _shipped(name) else kept

    # -- writing ---------------------------------------------------------------------------------------------------

    def register(self, folder: Path, by: str, why: str) -> Version:
        """Copy an artefact into the registry, pending; one that is there already stays as it is."""
        model = artefact.load(folder)
        name, version = model.name, model.version
        with self._writing(name):
            if all(v.version != version for v in self.versions(name)):
                kept = self._place(name) / version
                fresh = Path(tempfile.mkdtemp(prefix=f".{version}.", dir=self._place(name)))
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
                self._note(name, Entry(_now(), "registered", version, _told(by, "by"), _told(why, "why")))
        return self._version(name, version)

    def approve(self, name: str, version: str, by: str, why: str) -> Version:
        """Somebody answers for it. The artefact is read in full: an altered one cannot be approved."""
        version = self.load(name, version).version
        with self._writing(name):
            if _state(self._version(name, version).entries) == "approved":
                raise ValueError(f"{name} {version} is approved already")
            self._note(name, Entry(_now(), "approved", version, _told(by, "by"), _told(why, "why")))
        return self._version(name, version)

    def deploy(self, name: str, version: str, by: str, why: str) -> Version:
        """Make an approved version live: those who follow the registry take it between two records."""
        version = self.load(name, version).version
        with self._writing(name):
            if _state(self._version(name, version).entries) != "approved":
                raise ValueError(f"{name} {version} is not approved: touchline models approve {name} {version} --by WHO --why TEXT")
            before, at = self.deployed(name) or "", _now()
            if before == version:
                raise ValueError(f"{name} {version} is live already")
            _replace(self._place(name) / "deployed.json", msgspec.json.encode(Pointer(version, at, _told(by, "by"))))
            self._note(name, Entry(at, "deployed", version, by, _told(why, "why"), before))
        return self._version(name, version)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _place(self, name: str) -> Path:
        return self.root / spec_of(name).name

    def _version(self, name: str, version: str) -> Version:
        return next(v for v in self.versions(name) if v.version == version)

    def _beginning(self, name: str) -> list[Entry]:
        own = _shipped(name)
        deeds: tuple[Action, ...] = ("registered", "approved", "deployed") if own else ()
        return [Entry("", deed, own or "", PACKAGE, "ships with the package") for deed in deeds]

    def _note(self, name: str, entry: Entry) -> None:
        path = self._place(name) / "ledger.jsonl"
        lines = [] if path.is_file() else self._beginning(name)
        with path.open("ab") as file:
            file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in (*lines, entry)))
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        """One at a time, whoever else writes."""
        place = self._place(name)
        place.mkdir(parents=True, exist_ok=True)
        with (place / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _state(entries: list[Entry]) -> Literal["pending", "approved"]:
    return "approved" if any(entry.deed == "approved" for entry in entries) else "pending"


@cache
def _shipped(name: str) -> str | None:
    """The version of the artefact inside the package."""
    if artefact.shipped_folder(spec_of(name).name) is None:
        return None
    return artefact.load(name).version


def _told(text: str, what: str) -> str:
    """Who and why are what a ledger is for: neither may be left out."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        raise ValueError(f"--{what} takes 1 to {_LONGEST} letters")
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
