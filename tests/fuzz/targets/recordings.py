"""A recording's folder: game.json, recording.json and Parquet parts. Checksums are put right, so that what is inside is read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from streaming.errors import BadInput
from streaming.recordings.parquet_parts import Part
from streaming.recordings.reader import Recording, Writer
from tests.fuzz.target import Target, archived, mutated_files, unarchived
from tests.streaming import toy


def targets() -> Iterator[Target]:
    yield Target("recording", _read, _made, (BadInput,), mutated_files)


@cache
def _made() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "rec"
        with Writer(where, toy.game()) as writer:
            for record in (toy.track(1.0), toy.mark(1, 0.5), toy.track(0.5, start_s=1.0)):
                writer.write(record)
        files = {str(path.relative_to(where)).replace("/", "~"): path.read_bytes() for path in where.rglob("*") if path.is_file()}
    return [archived(files)]


def _read(data: bytes) -> None:
    files = unarchived(data)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "rec"
        where.mkdir()
        for name, body in files.items():
            path = where / name.replace("~", "/")
            if ".." in path.parts:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_dir():
                path.write_bytes(body)
        _put_right(where)
        recording = Recording(where)
        for _ in recording.records():
            pass
        for _ in recording.records(from_us=recording.first_us + 1, max_samples=7, packets="arrival"):
            pass
        for kind in ("stats", "predictions", "dead"):
            recording.read(kind)


def _put_right(where: Path) -> None:
    """The size and checksums of every part that ``recording.json`` names and that is there."""
    path = where / "recording.json"
    try:
        about = json.loads(path.read_bytes())
        for number, part in enumerate(about["parts"]):
            if ".." not in part["file"]:
                fresh = Part.of(where / part["file"], part["file"], part["rows"], part["first_us"], part["last_us"])
                about["parts"][number] = msgspec.to_builtins(fresh)
        path.write_text(json.dumps(about))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return  # it is tried as it is
