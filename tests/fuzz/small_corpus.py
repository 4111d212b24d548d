"""The small corpus of the repository: of each target's working corpus what reaches most lines in few bytes, and inputs that once
found something. All of it is made from the targets' own seeds; nothing in it is a provider's."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.runner import CORPUS
from tests.fuzz.target import Target
from tests.fuzz.targets import every

#: the least that a target may have, bytes
_LEAST = 2048
#: inputs of a working corpus that are looked at, the smallest first
_TRIED = 120
_ROOT = str(Path(__file__).parents[2])
Lines = frozenset[tuple[str, int]]


def minimize(work: Path, most_bytes: int, names: Sequence[str]) -> None:
    """Write ``tests/fuzz/corpus`` of targets from ``work``: no more than ``most_bytes``, were it of all targets. Inputs called
    ``found-...`` stay."""
    share = max(_LEAST, most_bytes // len(every()))
    for name in names:
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if not path.name.startswith("found-"):
                path.unlink()
        taken = 0
        for body in _chosen(every()[name], work / "corpus" / name, share):
            (folder / hashlib.sha256(body).hexdigest()[:12]).write_bytes(body)
            taken += len(body)
        if not any(folder.iterdir()):
            folder.rmdir()
        print(f"{name}: {taken:,} bytes", flush=True)


def _chosen(target: Target, corpus: Path, share: int) -> list[bytes]:
    """Inputs that each reach a line that none before does, the one that reaches most lines a byte first."""
    paths = sorted(corpus.glob("*"), key=lambda path: (path.stat().st_size, path.name)) if corpus.is_dir() else []
    bodies = [path.read_bytes() for path in paths if path.stat().st_size <= share][:_TRIED]
    reached = [_lines(target, body) for body in bodies]
    chosen: list[bytes] = []
    known: set[tuple[str, int]] = set()
    left = share
    while True:
        gains = [(len(lines - known) / (len(body) + 50), n) for n, (body, lines) in enumerate(zip(bodies, reached, strict=True))]
        gains = [(gain, n) for gain, n in gains if gain > 0 and len(bodies[n]) <= left]
        if not gains:
            return chosen
        _, best = max(gains)
        chosen.append(bodies[best])
        known |= reached[best]
        left -= len(bodies[best])


def _lines(target: Target, body: bytes) -> Lines:
    """The lines of this project that an input reaches."""
    seen: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_ROOT):
            return None
        if event == "line":
            seen.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(Exception):
            target.run(body)
    finally:
        sys.settrace(before)
    return frozenset(seen)


def inputs(name: str) -> list[Path]:
    """The inputs of a target in the repository."""
    folder = CORPUS / name
    return sorted(folder.iterdir()) if folder.is_dir() else []
