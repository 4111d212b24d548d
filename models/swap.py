"""A folder takes the place of another in one move, and what is written is on the disk before it gets its name.

Linux exchanges two names at once (``renameat2`` with ``RENAME_EXCHANGE``). Where the file system cannot (NFS, macOS), the old
folder is first renamed to ``.NAME.before``: a reader that finds no folder at the name finds it there (:func:`standing`),
whatever is killed when.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
#: errors that say that the system, or this file system, does not exchange names
_CANNOT: Final = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM)
#: what an interrupted run left is removed after so long, s
_LEFT_S: Final = 3600.0


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` to write into; at the end of the block it is at ``folder``, whole and on the disk, and
    what was there is gone. When the block fails, ``folder`` is as it was. ``OSError`` as the system has it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        for path in fresh.iterdir():
            sync(path)
        sync(fresh)
        move_in(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def move_in(fresh: Path, folder: Path) -> None:
    """Give ``fresh`` the name ``folder``; a folder that was there is at the name ``fresh`` afterwards, or gone."""
    aside = _aside(folder)
    if not folder.exists():
        os.rename(fresh, folder)
    elif not exchange(fresh, folder):
        with suppress(FileNotFoundError):
            shutil.rmtree(aside)
        os.rename(folder, aside)
        os.rename(fresh, folder)
    with suppress(OSError):  # it has its name; not every file system has folders that can be synchronised
        sync(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def standing(folder: Path) -> Path:
    """``folder``, or the one that a run which was killed in the middle of replacing it has moved aside."""
    aside = _aside(folder)
    return aside if not folder.exists() and aside.is_dir() else folder


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one move; False, and nothing done, where the system cannot."""
    rename = _renameat2()
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")


def _clear(folder: Path) -> None:
    """Remove what killed runs have left beside the folder, when it is old enough to be no other's that is still running."""
    for left in folder.parent.glob(f".{folder.name}.*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_S:
                shutil.rmtree(left)


@cache
def _renameat2() -> Any:
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return found
