"""The registry: a folder, which operators read without a service in between. It is the only source of truth.

    ROOT/NAME/VERSION/model.json, card.json   an artefact, never changed after it was registered
    ROOT/NAME/VERSION.real/                   of a shipped version: the package's artefact of real games, where it has one
    ROOT/NAME/ledger.jsonl                    the audit log: action, time, name, reason; lines are only added
    ROOT/NAME/deployed.json                   the version that is live; replaced in one move, never half written

A version is pending until it is approved, and only an approved one can be deployed. The artefact that ships with the package is
approved and live from the beginning, and copied in with the first action, so that a later package does not take it away; the
artefact of the later package is one more pending version. To roll back, deploy an earlier version.

VERSION is the first twelve digits of the artefact's digest, or more where another artefact has the same twelve. The audit log
and the pointer hold the whole digest, and an artefact is what they name only if its whole digest is theirs.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from models import artefact
from models.artefact import SHORT, ForestModel
from models.choice import packaged
from models.registry.disk import Disk
from models.registry.ledger import PACKAGE, Action, Entry, Ledger, Pointer, pointer_of
from models.specs import spec_of

State = Literal["pending", "approved", "deployed"]
_LONGEST: Final = 2_000
_SHIPS: Final = "ships with the package"


class Version(msgspec.Struct, frozen=True):
    """A version, its state, its entries in the audit log, and the whole digest (empty where only an earlier program has named
    it)."""

    name: str
    version: str
    state: State
    entries: list[Entry]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version is live: that of the pointer, whose bytes are ``mark``. Without a pointer, ``mark`` is empty, the version
    is the one that the audit log has as deployed last, and ``problem`` says what has become of the pointer; where nothing was
    ever deployed there is no problem. ``logged``: there is an audit log."""

    version: str | None
    mark: bytes
    problem: str = ""
    digest: str = ""
    number: int = 0
    logged: bool = True


class Store:
    """The registry in the folder ``root``, which is created by the first write. Any number of processes may use it."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root, self.disk = root, disk or Disk()

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    # -- reading ---------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Models of which the registry has versions."""
        return sorted(path.parent.name for path in self.root.glob("*/ledger.jsonl"))

    def history(self, name: str) -> list[Entry]:
        """The audit log of a model, oldest entry first; where there is none yet, the entries of the shipped version. Lines that
        cannot be read are left out."""
        return self._read(name)[0]

    def damaged_lines(self, name: str) -> int:
        """How many lines of the audit log cannot be read."""
        return self._read(name)[1]

    def versions(self, name: str) -> list[Version]:
        """In the order in which they were registered; last, as pending, the package's own where the log does not have it yet."""
        live, found = self.deployed(name), dict[str, list[Entry]]()
        for entry in [*self.history(name), *self._new_shipped(name)]:
            found.setdefault(entry.version, []).append(entry)
        return [
            Version(name, version, "deployed" if version == live else _state(entries), entries, _digest(entries))
            for version, entries in found.items()
        ]

    def deployed(self, name: str) -> str | None:
        """The live version; None when the model neither ships nor was ever deployed."""
        return self.standing(name).version

    def standing(self, name: str) -> Standing:
        """The live version, and where that is known from. ``OSError`` when pointer or audit log cannot be read."""
        path = self._model_folder(name) / "deployed.json"
        try:
            raw = self.disk.read(path)
        except FileNotFoundError:
            raw = None
        if raw is not None and (pointer := pointer_of(raw)) is not None:
            return Standing(pointer.version, raw, "", pointer.digest, pointer.number)
        logged = self._log(name) is not None
        last = next((entry for entry in reversed(self.history(name)) if entry.action == "deployed"), None)
        problem = "" if raw is None else f"{path} is damaged"
        if raw is None and last is not None and last.by != PACKAGE:
            problem = f"{path} is gone"
        if last is None:
            return Standing(None, b"", problem, logged=logged)
        return Standing(last.version, b"", problem, last.digest, logged=logged)

    def mark(self, name: str) -> bytes:
        """The bytes of the pointer, empty when there is none: they differ when another version is deployed, and are cheap to
        read many times a second. Its time and its inode need not change when it is replaced twice within a tick of the clock."""
        try:
            return self.disk.read(self._model_folder(name) / "deployed.json")
        except FileNotFoundError:
            return b""

    def before(self, name: str, version: str | None) -> list[str]:
        """What to fall back on when ``version`` cannot be read: the versions that were live before it, newest first, and then those
        that had been approved before it."""
        history = self.history(name)
        at = max((i for i, e in enumerate(history) if e.version == version and e.action == "deployed"), default=len(history))
        live = [e.version for e in reversed(history[:at]) if e.action == "deployed"]
        approved = [e.version for e in reversed(history[:at]) if e.action == "approved"]
        return [each for each in dict.fromkeys((*live, *approved)) if each != version]

    def approved(self, name: str, version: str) -> bool:
        """Whether the audit log has an approval of the version."""
        return any(entry.version == version and entry.action == "approved" for entry in self.history(name))

    def find(self, name: str, version: str) -> str:
        """The version that ``version``, or its first letters, names; ``shipped`` and ``deployed`` are names, too."""
        if version == "deployed" and (live := self.deployed(name)):
            return live
        if version == "shipped" and (own := self._shipped_versions(name)):
            return own[-1]
        known = self.versions(name)
        found = [v for v in known if version and (v.version.startswith(version) or v.digest.startswith(version))]
        if len(found) != 1:
            text = ", ".join(f"{_unique(v, known)} ({v.state})" for v in known) or "none"
            raise ValueError(f"{len(found)} versions of {name} begin with {version!r}; versions are {text}")
        return found[0].version

    def load(self, name: str, version: str) -> ForestModel:
        """``ValueError`` when the version is unknown, or its artefact was altered."""
        return self.read(name, self.find(name, version))

    def read(self, name: str, version: str, digest: str = "") -> ForestModel:
        """The same by the exact version, and of this ``digest`` where that is known."""
        folder = self.folder(name, version)
        model = artefact.load(folder)
        digests = {entry.digest for entry in self.history(name) if entry.version == version} | {digest}
        if model.name != name or not model.digest.startswith(version) or not digests <= {"", model.digest}:
            raise ValueError(f"{folder} holds {model.name} {model.version}: the artefact was replaced")
        model.card = msgspec.structs.replace(model.card, version=version)
        return model

    def counterpart(self, model: ForestModel) -> ForestModel | None:
        """Of a shipped artefact that was copied in: the artefact of real games that the same package brought; None where there
        is none that can be read."""
        with suppress(ValueError, OSError):
            return artefact.load(self._model_folder(model.name) / f"{model.version}.real")
        return None

    def folder(self, name: str, version: str) -> Path:
        """The folder of the artefact of a full version."""
        kept = self._model_folder(name) / version
        shipped = self._shipped(name)
        if shipped is None or kept.is_dir() or version != shipped.version:
            return kept
        return shipped.folder or kept

    # -- writing ---------------------------------------------------------------------------------------------------

    def register(self, folder: Path, by: str, why: str) -> Version:
        """Copy an artefact into the registry, pending; an existing version stays as it is, and is copied again when its
        artefact was damaged."""
        model = artefact.load(folder)
        name = model.name
        by, why = _checked_text(by, "by"), _checked_text(why, "why")
        with self._locked(name):
            known = {v.version: v.digest or self._digest_of(name, v.version) for v in self.versions(name)}
            version = next((v for v, digest in known.items() if digest == model.digest), "")
            if version:
                if self._digest_of(name, version) != model.digest:
                    artefact.copy(folder, model.digest, self._model_folder(name) / version)
            else:
                digits = next(n for n in range(SHORT, len(model.digest) + 1, 4) if model.digest[:n] not in known)
                version = model.digest[:digits]
                artefact.copy(folder, model.digest, self._model_folder(name) / version)
                self._append(name, Entry(_now(), "registered", version, by, why, digest=model.digest))
        return self._version(name, version)

    def approve(self, name: str, version: str, by: str, why: str) -> Version:
        """Approve a version. The artefact is read in full: an altered one cannot be approved."""
        model = self.load(name, version)
        version = model.version
        with self._locked(name):
            if _state(self._version(name, version).entries) == "approved":
                raise ValueError(f"{name} {version} is approved already")
            by, why = _checked_text(by, "by"), _checked_text(why, "why")
            self._append(name, Entry(_now(), "approved", version, by, why, digest=model.digest))
        return self._version(name, version)

    def deploy(self, name: str, version: str, by: str, why: str) -> Version:
        """Make an approved version live: operators that follow the registry switch to it between two records. When it fails (a full
        disk), nothing has changed."""
        model = self.load(name, version)
        version = model.version
        by, why = _checked_text(by, "by"), _checked_text(why, "why")
        with self._locked(name):
            if _state(self._version(name, version).entries) != "approved":
                raise ValueError(f"{name} {version} is not approved: touchline models approve {name} {version} --by WHO --why TEXT")
            standing, at = self.standing(name), _now()
            if standing.version == version and not standing.problem:
                raise ValueError(f"{name} {version} is live already")
            entry = Entry(at, "deployed", version, by, why, standing.version or "", model.digest)
            number = max(standing.number, sum(e.action == "deployed" for e in self.history(name))) + 1
            path = self._model_folder(name) / "deployed.json"
            raw = msgspec.json.encode(Pointer(version, at, by, model.digest, number)) + b"\n"
            part = self.disk.stage(path, raw)  # what needs room comes first; the move at the end needs none
            try:
                size = self._append(name, entry)
                try:
                    self.disk.put(part, path, raw)
                except OSError:
                    self._ledger(name).take_back(size)
                    raise
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
        return self._version(name, version)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _model_folder(self, name: str) -> Path:
        return self.root / spec_of(name).name

    def _ledger(self, name: str) -> Ledger:
        return Ledger(self._model_folder(name) / "ledger.jsonl", self.disk)

    def _log(self, name: str) -> tuple[list[Entry], int] | None:
        """None where there is no log, or where not one line was written when it was begun."""
        try:
            found = self._ledger(name).read()
        except FileNotFoundError:
            return None
        return found if found[0] else None

    def _read(self, name: str) -> tuple[list[Entry], int]:
        found = self._log(name)
        return (self._first_entries(name), 0) if found is None else found

    def _version(self, name: str, version: str) -> Version:
        found = next((v for v in self.versions(name) if v.version == version), None)
        if found is None:
            raise ValueError(f"{name} {version} is not in the audit log of {self.root}")
        return found

    def _shipped(self, name: str) -> ForestModel | None:
        """The package's own artefact; None where it brings none that can be read."""
        if artefact.shipped_folder(spec_of(name).name) is None:
            return None
        with suppress(ValueError, OSError):
            return packaged(name)
        return None

    def _shipped_versions(self, name: str) -> list[str]:
        """The approved versions that came with a package, in their order."""
        known = self.versions(name)
        return [v.version for v in known if v.entries[0].by == PACKAGE and _state(v.entries) == "approved"]

    def _first_entries(self, name: str) -> list[Entry]:
        """With these an audit log begins."""
        shipped = self._shipped(name)
        actions: tuple[Action, ...] = ("registered", "approved", "deployed") if shipped else ()
        return [Entry("", action, shipped.version, PACKAGE, _SHIPS, digest=shipped.digest) for action in actions if shipped]

    def _new_shipped(self, name: str) -> list[Entry]:
        """What the log will have of an artefact that a later package brings."""
        shipped = self._shipped(name)
        if shipped is None or any(entry.version == shipped.version for entry in self.history(name)):
            return []
        return [Entry(_now(), "registered", shipped.version, PACKAGE, f"{_SHIPS} since", digest=shipped.digest)]

    def _append(self, name: str, entry: Entry) -> int:
        """Add a line, after those of the package that are still missing; returns how long the log was. A log that was lost while a
        version is live begins without the package's own being live."""
        begins = self._log(name) is None
        lines = self._first_entries(name) if begins else self._new_shipped(name)
        if begins and self.mark(name):
            lines = [line for line in lines if line.action != "deployed"]
        self._keep_shipped(name)
        return self._ledger(name).append([*lines, entry])

    def _keep_shipped(self, name: str) -> None:
        """Copy the package's own artefacts in, where they are not there yet."""
        shipped = self._shipped(name)
        if shipped is None:
            return
        kept = self._model_folder(name) / shipped.version
        if not kept.is_dir() and shipped.folder is not None:
            artefact.copy(shipped.folder, shipped.digest, kept)
        real, own = kept.with_name(f"{shipped.version}.real"), artefact.shipped_folder(f"{name}@real")
        if own is not None and not real.is_dir():
            with suppress(ValueError):  # one that cannot be read is no loss to the registry
                artefact.copy(own, packaged(f"{name}@real").digest, real)

    def _digest_of(self, name: str, version: str) -> str:
        """The digest of the artefact that is there; empty when it cannot be read."""
        with suppress(ValueError, OSError):
            return artefact.load(self.folder(name, version)).digest
        return ""

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


def _digest(entries: list[Entry]) -> str:
    return next((entry.digest for entry in entries if entry.digest), "")


def _unique(version: Version, known: list[Version]) -> str:
    """As many digits as it takes to tell a version from the others."""
    others = [v.digest or v.version for v in known if v is not version]
    whole = version.digest or version.version
    fits = (n for n in range(len(version.version), len(whole), 4) if not any(o.startswith(whole[:n]) for o in others))
    return whole[: next(fits, len(whole))]


def _checked_text(text: str, what: str) -> str:
    """An entry of the audit log needs a name and a reason."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        raise ValueError(f"--{what} takes 1 to {_LONGEST} characters")
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
