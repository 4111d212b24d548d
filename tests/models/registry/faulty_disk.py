"""A file system with faults, for a registry."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

from models.registry.disk import Disk


class FaultyDisk(Disk):
    """``broken`` has the error of each operation (open, write, sync, rename), 0 for none; ``short`` is how many bytes of a file
    are lost at its end in reading; ``room`` is how many bytes may still be written, None for any number; ``lie``: a rename is
    done, and reported as failed."""

    def __init__(self) -> None:
        self.broken = dict.fromkeys(("open", "write", "sync", "rename"), 0)
        self.short, self.lie = 0, False
        self.room: int | None = None
        self.stale_once = False

    def heal(self) -> None:
        """No faults from now on."""
        self.__init__()  # type: ignore[misc]

    def open(self, path: Path) -> io.BufferedReader:
        if self.stale_once:
            self.stale_once = False
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        self._maybe("open", path)
        file = super().open(path)
        return _Short(file, self.short) if self.short else file  # type: ignore[return-value]

    def write(self, handle: int, raw: bytes) -> int:
        self._maybe("write")
        if self.room is None:
            return super().write(handle, raw)
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(handle, raw[: self.room])
        self.room -= written
        return written

    def sync(self, handle: int) -> None:
        self._maybe("sync")
        super().sync(handle)

    def rename(self, old: Path, new: Path) -> None:
        if self.lie:
            super().rename(old, new)
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(old))
        self._maybe("rename", new)
        super().rename(old, new)

    def _maybe(self, what: str, path: Path | None = None) -> None:
        if code := self.broken[what]:
            raise OSError(code, os.strerror(code), None if path is None else str(path))


class _Short:
    """A file whose last bytes do not arrive."""

    def __init__(self, file: io.BufferedReader, lost: int) -> None:
        self._file, self._lost = file, lost

    def __enter__(self) -> _Short:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self) -> bytes:
        return self._file.read()[: -self._lost]
