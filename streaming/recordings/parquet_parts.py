"""Parquet files written in the background and shown only when they are whole.

Encoding runs on a thread of its own (pyarrow releases the interpreter lock there), so that a live game does not wait
for a disk. What is being written lives beside its destination under a name that starts with a dot, and takes the real
name in one rename at the end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from streaming.errors import BadInput, Unavailable

#: zstd 1 is within a tenth of the size of zstd 3 on tracking and more than twice as fast
OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "write_page_checksum": True,
    "data_page_size": 1 << 20,
    "version": "2.6",
}


class Part(msgspec.Struct, frozen=True):
    """One Parquet file: its path inside the folder, its rows and the span of their arrival; its size, the CRC-32 of all
    its bytes, and the length and CRC-32 of its footer. Parquet's own checksums leave out footers and the headers of
    pages, and a reader that is given a damaged footer may not survive it."""

    file: str
    rows: int
    first_us: int
    last_us: int
    size: int
    crc32: int
    footer: int
    footer_crc32: int

    @classmethod
    def of(cls, path: Path, file: str, rows: int, first_us: int, last_us: int) -> Part:
        """Of a file that has just been finished."""
        raw = path.read_bytes()
        footer = int.from_bytes(raw[-8:-4], "little") + 8
        return cls(file, rows, first_us, last_us, len(raw), zlib.crc32(raw), footer, zlib.crc32(raw[-footer:]))

    def check_footer(self, path: Path) -> None:
        """``ValueError`` when this is not the file that was written: quick, whatever its size."""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size != self.size or not 12 <= self.footer <= size:
                raise ValueError(f"it has {size} bytes where {self.size} were recorded")
            file.seek(-self.footer, os.SEEK_END)
            if zlib.crc32(file.read()) != self.footer_crc32:
                raise ValueError("its footer is not the one that was recorded")

    def check_all(self, path: Path) -> None:
        """``ValueError`` when any byte is not what was written."""
        if zlib.crc32(path.read_bytes()) != self.crc32:
            raise ValueError("its bytes are not those that were recorded")


class PartWriter:
    """Row groups in numbered files ``<folder>/<kind>/part-00000.parquet``.

    A new file begins after ``groups`` row groups, or when the schema changes. ``write`` returns at once unless the
    group before is still being encoded; an error of the background thread (a full disk) is raised by the next call. With
    ``waiting`` it always returns at once, and raises ``Unavailable`` when so many groups wait for the disk.
    """

    def __init__(self, folder: Path, kind: str, *, groups: int = 16, waiting: int = 0, **options: Any) -> None:
        self.folder, self.kind, self.groups, self.waiting = folder, kind, groups, waiting
        self.options = OPTIONS | options
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{kind}-parts")
        self._pending: deque[Future[None]] = deque()
        self._open: pq.ParquetWriter | None = None
        self._in_open = 0
        self.parts: list[Part] = []

    def write(self, make: Callable[[], pa.Table], first_us: int, last_us: int) -> None:
        """Append the table that ``make`` builds (in the background) as one row group."""
        while self._pending and (not self.waiting or self._pending[0].done()):
            self._settle(self._pending.popleft())
        if len(self._pending) >= max(1, self.waiting):
            raise Unavailable(f"the disk of {self.folder} is too slow: {len(self._pending)} parts of {self.kind} wait for it")
        self._pending.append(self._thread.submit(self._encode, make, first_us, last_us))

    def wait(self) -> None:
        """Until everything handed over is in the file."""
        while self._pending:
            self._settle(self._pending.popleft())

    def _settle(self, pending: Future[None]) -> None:
        try:
            pending.result()
        except OSError as error:
            self._pending.clear()  # what follows cannot be written, either
            raise Unavailable(f"cannot write {self.kind} to {self.folder}: {reason(error)}") from error

    def close(self) -> list[Part]:
        """Finish the last file; every part written, in order."""
        self.wait()
        self._pending.append(self._thread.submit(self._finish))
        self.wait()
        self._thread.shutdown()
        return self.parts

    def abort(self) -> None:
        """Stop without finishing; the files are the caller's to remove."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._open is not None:
            with suppress(OSError, pa.ArrowException):
                self._open.close()
            self._open = None

    def _encode(self, make: Callable[[], pa.Table], first_us: int, last_us: int) -> None:
        table = make()
        if self._open is not None and (self._in_open >= self.groups or table.schema != self._open.schema):
            self._finish()
        if self._open is None:
            name = f"{self.kind}/part-{len(self.parts):05d}.parquet"
            (self.folder / self.kind).mkdir(exist_ok=True)
            self._open = pq.ParquetWriter(self.folder / name, table.schema, **self.options)
            self._in_open = 0
            self.parts.append(Part(name, 0, first_us, last_us, 0, 0, 0, 0))
        self._open.write_table(table, row_group_size=max(1, len(table)))
        self._in_open += 1
        old = self.parts[-1]
        span = (first_us, last_us) if not old.rows else (min(old.first_us, first_us), max(old.last_us, last_us))
        first_us, last_us = span
        self.parts[-1] = msgspec.structs.replace(old, rows=old.rows + len(table), first_us=first_us, last_us=last_us)

    def _finish(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
            last = self.parts[-1]
            path = self.folder / last.file
            self.parts[-1] = Part.of(path, last.file, last.rows, last.first_us, last.last_us)


class AtomicOutput:
    """A folder or file that appears at ``path`` when it is finished, or not at all.

    ``temporary`` is where to write meanwhile: on the same disk, so that the last step is one rename.
    """

    def __init__(self, path: str | Path, *, folder: bool, overwrite: bool = False) -> None:
        self.path, self.folder, self.overwrite = Path(path), folder, overwrite
        self._refuse_existing()
        where = self.path.absolute().parent
        try:
            where.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", suffix=".part", dir=where))
        except OSError as error:
            raise BadInput(f"cannot write {self.path}: {reason(error)}") from error
        made.chmod(0o755)
        self._made = made
        self.temporary = made if folder else made / self.path.name

    def finish(self) -> None:
        """Give it its name."""
        try:
            self._refuse_existing()
            if self.folder and self.path.exists():
                aside = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", suffix=".old", dir=self._made.parent))
                os.rename(self.path, aside / "was")
                os.rename(self.temporary, self.path)
                shutil.rmtree(aside, ignore_errors=True)
            else:
                os.replace(self.temporary, self.path)
        except OSError as error:
            raise BadInput(f"cannot write {self.path}: {reason(error)}") from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave nothing behind."""
        if not self.folder:
            with suppress(OSError):  # this way needs no descriptor, of which there may be none left
                self.temporary.unlink(missing_ok=True)
                for folder in self.temporary.parents:
                    folder.rmdir()
                    if folder == self._made:
                        return
        shutil.rmtree(self._made, ignore_errors=True)

    def _refuse_existing(self) -> None:
        if self.path.exists():
            if self.folder != self.path.is_dir():
                raise BadInput(f"{self.path} exists already and is {'not ' if self.folder else ''}a folder")
            if not self.overwrite:
                raise BadInput(f"{self.path} exists already; give another name or remove it first")


class AtomicWriter(ABC):
    """A writer that leaves what it wrote, whole, or nothing: a context manager that closes on a normal end and aborts on
    any other. A subclass defines how to finish (``_complete``) and how to stop (``_stop``); either is done once."""

    def __init__(self, path: str | Path, *, folder: bool, overwrite: bool) -> None:
        self._staged = AtomicOutput(path, folder=folder, overwrite=overwrite)
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def close(self) -> None:
        """Finish; what was written is at its place afterwards."""
        if self._done:
            return
        try:
            self._complete()
        except BaseException:
            self.abort()
            raise
        self._done = True
        self._staged.finish()

    def abort(self) -> None:
        """Give up and leave nothing behind."""
        if not self._done:
            self._done = True
            try:
                with suppress(OSError):  # of what is still to be written to a full disk: it is thrown away
                    self._stop()
            finally:
                self._staged.abandon()

    @abstractmethod
    def _complete(self) -> None:
        """Write what is left and close; the output gets its name afterwards."""

    @abstractmethod
    def _stop(self) -> None:
        """Let go of what is open; the files are removed afterwards."""


def reason(error: BaseException) -> str:
    """The first line of an error message of a library or the system, without numbers and addresses."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip().splitlines()[0].rstrip(".")
