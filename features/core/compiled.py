"""The one switch that turns a plain Python function into compiled machine code.

Kernels are compiled once and cached beside their source, divide by zero as numpy does (inf or NaN, no exception), and
never reorder a sum: without ``fastmath`` the compiler must keep our order, which is what makes a replay equal to the live
game to the byte.

Compiled code contains the kernels that it calls and the constants that it uses, whatever file they stand in. The cache is
therefore valid for one state of all the project's modules that a kernel's module imports, directly or not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import InTreeCacheLocator

F = TypeVar("F", bound=Callable[..., Any])

_ROOT = Path(__file__).resolve().parents[2]
_IMPORTS = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\s+\(?([^)#]*?)\)?\s*(?:#.*)?$|import\s+([\w.]+))", re.MULTILINE)


def kernel(function: F) -> F:
    """Compile ``function`` on first call; later processes load it from the cache."""
    return _compile(function, nogil=False)


def long_kernel(function: F) -> F:
    """The same for work of milliseconds: it lets other threads run meanwhile. A kernel of microseconds must not, since
    asking for the interpreter back costs up to a whole time slice of the thread that has it."""
    return _compile(function, nogil=True)


def _compile(function: F, *, nogil: bool) -> F:
    before = numba.config.CACHE_LOCATOR_CLASSES
    numba.config.CACHE_LOCATOR_CLASSES = f"{__name__}.{SourcesLocator.__name__}, UserWideCacheLocator"
    try:
        compiled = numba.njit(cache=True, nogil=nogil, error_model="numpy")(function)
    finally:
        numba.config.CACHE_LOCATOR_CLASSES = before
    _kernels.append(compiled)
    return cast(F, compiled)


#: every kernel of the modules that have been imported
_kernels: list[Any] = []


def load_all() -> int:
    """Load what the cache has of every kernel that has been imported, for whatever types it was ever called with, and return how
    many versions that were: a kernel that few games call would otherwise be loaded in the middle of one."""
    loaded = 0
    for compiled in _kernels.copy():
        cache = getattr(compiled, "_cache", None)  # none where compiling is switched off
        index = getattr(cache, "_cache_file", None)
        if cache is None or index is None:
            continue
        known = set(compiled.signatures)
        for key in index._load_index():
            types = key[0]
            if types not in known and key == cache._index_key(types, compiled.targetctx.codegen()):
                compiled.compile(types)
                loaded += 1
    return loaded


class SourcesLocator(InTreeCacheLocator):  # type: ignore[misc]
    """A cache beside the source that knows when any module behind a kernel has changed."""

    def get_source_stamp(self) -> bytes:
        return stamp(Path(self._py_file).resolve(), _ROOT)


@cache
def stamp(path: Path, root: Path) -> bytes:
    """A fingerprint of the module at ``path`` and of every module below ``root`` that it imports, directly or not."""
    found: dict[Path, bytes] = {}
    waiting = [path]
    while waiting:
        source = waiting.pop()
        if source not in found:
            found[source] = source.read_bytes()
            waiting.extend(_imported(found[source].decode(), root))
    digest = hashlib.sha256()
    for source in sorted(found):
        digest.update(source.name.encode() + b"\0" + found[source])
    return digest.digest()


def _imported(text: str, root: Path) -> list[Path]:
    names: list[str] = []
    for module, members, plain in _IMPORTS.findall(text):
        names.append(module or plain)
        names.extend(f"{module}.{member.split()[0]}" for member in members.split(",") if member.strip())
    places = [root / name.replace(".", "/") for name in names if not name.startswith(".")]
    files = [place for base in places for place in (base.with_suffix(".py"), base / "__init__.py")]
    return [file for file in files if file.is_file()]
