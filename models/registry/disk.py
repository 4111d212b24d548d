"""What the registry asks of a file system, in one place: reads that are whole or fail, lines that are appended whole or not at
all, and files that are replaced in one move. Everything raises ``OSError`` as the system has it. Tests put faults in here.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

#: how far back the beginning of a last line is looked for, bytes
_LONGEST_LINE: Final = 1 << 16
#: NFS answers so for a file that was replaced on the server; opening it again finds the new one
_STALE_TRIES: Final = 3


class Disk:
    """The file system of this machine."""

    def read(self, path: Path) -> bytes:
        """All bytes of a file; ``OSError`` (EIO) when the system gives fewer than it says that there are."""
        for attempt in range(_STALE_TRIES):
            try:
                return self._read_once(path)
            except OSError as error:
                if error.errno != errno.ESTALE or attempt + 1 == _STALE_TRIES:
                    raise
        raise AssertionError("unreachable")

    def _read_once(self, path: Path) -> bytes:
        with self.open(path) as file:
            size = os.fstat(file.fileno()).st_size
            raw = file.read()
        if len(raw) < size:
            raise OSError(errno.EIO, f"only {len(raw)} of {size} bytes could be read", str(path))
        return raw

    def open(self, path: Path) -> io.BufferedReader:
        """Open a file for reading."""
        return path.open("rb")

    def write(self, handle: int, raw: bytes) -> int:
        """As ``os.write``: possibly fewer bytes than there are."""
        return os.write(handle, raw)

    def sync(self, handle: int) -> None:
        os.fsync(handle)

    def rename(self, old: Path, new: Path) -> None:
        os.rename(old, new)

    # -- made of those ---------------------------------------------------------------------------------------------

    def stage(self, path: Path, raw: bytes) -> Path:
        """Write ``raw`` to a file beside ``path``, ready to be renamed to it."""
        part = path.with_name(path.name + ".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            self._write_all(handle, raw)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        finally:
            os.close(handle)
        return part

    def put(self, part: Path, path: Path, raw: bytes) -> None:
        """Give a staged file its name. A network file system may answer a rename that it has done with an error: what counts is
        whether ``raw`` is there afterwards."""
        try:
            self.rename(part, path)
        except OSError:
            try:
                done = self.read(path) == raw
            except OSError:
                done = False
            if not done:
                raise
        with suppress(OSError):  # it has its name; not every file system has folders that can be synchronised
            handle = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def append(self, path: Path, raw: bytes, complete: Callable[[bytes], bool]) -> int:
        """Append whole lines to a file, and return how long it was. A last line without an end gets one where ``complete``
        finds that only that is missing; otherwise it is cut off. When it fails, the file is as long as it was. The caller has a
        lock."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            size = os.lseek(handle, 0, os.SEEK_END)
            first = max(0, size - _LONGEST_LINE)
            last = os.pread(handle, size - first, first)
            torn = last[last.rfind(b"\n") + 1 :]
            if torn and complete(torn):
                raw = b"\n" + raw
            elif torn:
                size -= len(torn)
                os.ftruncate(handle, size)
            os.lseek(handle, size, os.SEEK_SET)
            try:
                self._write_all(handle, raw)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, size)
                raise
            return size
        finally:
            os.close(handle)

    def cut(self, path: Path, size: int) -> None:
        """Take back what was appended since the file was ``size`` bytes long."""
        os.truncate(path, size)

    def _write_all(self, handle: int, raw: bytes) -> None:
        left = memoryview(raw)
        while left:
            left = left[self.write(handle, bytes(left)) :]
        self.sync(handle)
