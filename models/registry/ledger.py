"""The audit log of a model: a line of JSON for each action. Lines are only added. A line that cannot be read costs that line."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from models.registry.disk import Disk

Action = Literal["registered", "approved", "deployed"]
PACKAGE: Final = "the package"
_log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True):
    """A line of the audit log. ``before`` is the version that was live until then, ``digest`` the whole hash of the artefact
    (empty in lines of earlier programs). On disk ``action`` is spelled ``deed``."""

    at: str
    action: Action = msgspec.field(name="deed")
    version: str
    by: str
    why: str
    before: str = ""
    digest: str = ""


class Pointer(msgspec.Struct, frozen=True):
    """``deployed.json``: the live version. ``number`` counts the deployments of the model, so that no two are the same bytes."""

    version: str
    at: str
    by: str
    digest: str = ""
    number: int = 0


_decode_pointer = msgspec.json.Decoder(Pointer).decode
_decode_entry = msgspec.json.Decoder(Entry).decode


def pointer_of(raw: bytes) -> Pointer | None:
    """None for bytes that are no pointer."""
    found: Pointer | None = _decoded(_decode_pointer, raw)
    return found


class Ledger:
    """``path`` is there from the first line on."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path, self.disk = path, disk

    def read(self) -> tuple[list[Entry], int]:
        """The lines, oldest first, and how many could not be read. ``FileNotFoundError`` where there is no log."""
        lines = self.disk.read(self.path).splitlines()
        found = [_decoded(_decode_entry, line) for line in lines]
        entries = [entry for entry in found if entry is not None]
        return entries, len(lines) - len(entries)

    def append(self, entries: list[Entry]) -> int:
        """Add lines in one write, and return how long the file was. The caller has a lock. When that fails the log is as before."""
        raw = b"".join(_line(entry) for entry in entries)
        return self.disk.append(self.path, raw, self._complete)

    def take_back(self, size: int) -> None:
        """Undo an append that returned ``size``."""
        self.disk.cut(self.path, size)

    def _complete(self, torn: bytes) -> bool:
        if _decoded(_decode_entry, torn) is not None:
            return True
        _log.warning("the last line of %s was torn and is cut off: %r", self.path, torn[:200])
        return False


def _line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def _decoded(decode: Any, raw: bytes) -> Any:
    try:
        return decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
