"""The readers of providers' files: a target for every kind of files. A game that is read is also written as a recording."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from simulators.providers import read
from simulators.providers._limits import limited
from streaming.errors import BadInput
from streaming.recordings.reader import Writer
from tests.fuzz.files import GAMES, folder_of, game, written
from tests.fuzz.target import Finding, Target, archived, mutated_files, unarchived

#: so that a bomb is found by its size and not by the machine's
LIMIT_MB = 64


def targets() -> Iterator[Target]:
    for kind in GAMES:
        yield Target(
            f"provider-{kind}",
            lambda data, kind=kind: _read(kind, data),  # type: ignore[misc]
            lambda kind=kind: [archived(game(kind))],  # type: ignore[misc]
            (BadInput,),
            mutated_files,
        )


def _read(kind: str, data: bytes) -> None:
    files = unarchived(data)
    if not files:
        return
    with tempfile.TemporaryDirectory() as folder, limited(LIMIT_MB):
        paths = written(files, Path(folder) / folder_of(kind))
        try:
            imported = read(GAMES[kind][0], paths)
            if zlib.crc32(data) % 4:  # writing costs more than reading: a quarter is enough
                for _ in imported.stream():
                    pass
                return
            with Writer(Path(folder) / "rec", imported.record) as writer:
                for record in imported.stream():
                    writer.write(record)
        except BadInput as refused:
            if not any(path.name in str(refused) for path in paths):
                raise Finding(f"a refusal names no file: {str(refused)[:200]}") from refused
            if (Path(folder) / "rec").exists():
                raise Finding("a recording is half-written") from refused
            raise
