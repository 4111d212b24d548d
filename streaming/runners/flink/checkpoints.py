"""The state that earlier jobs of a group have left: where a group's checkpoints and savepoints are, and which is the newest.

Each group and sport has a folder of its own below the cluster's, so that what is found there is of this input and of no other.
A folder is read where this machine sees it; of ended jobs that the cluster still knows, its REST interface names the newest.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from streaming.flink.rest import Refused, Rest

CHECKPOINT_FOLDER: Final = "execution.checkpointing.dir"
SAVEPOINT_FOLDER: Final = "execution.checkpointing.savepoint-dir"
#: what Flink writes last: without it a checkpoint is not complete. It begins with a mark, the format's version and the id
METADATA: Final = "_metadata"
_HEADER: Final = struct.Struct(">IIq")
_MARK: Final = 0x4960672D


class Retained(NamedTuple):
    """A checkpoint or savepoint. ``at_s`` is the Unix time at which it was complete, ``number`` its id, None where that is not to
    be seen."""

    at_s: float
    path: str
    number: int | None

    @property
    def text(self) -> str:
        """For a sentence."""
        return f"{self.path} of {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(self.at_s))} UTC"


class StateFolders(NamedTuple):
    """Of one group and sport: URLs as Flink takes them, empty where the cluster keeps nothing on disk."""

    checkpoints: str
    savepoints: str


def folders(rest: Rest, group: str, sport: str) -> StateFolders:
    """Where jobs of this group keep their state, below what the cluster is configured to use."""
    found = rest.settings()
    name = re.sub(r"[^A-Za-z0-9.-]", lambda odd: f"_{ord(odd.group()):x}_", f"{group}-{sport}")
    below = [f"{found[key].rstrip('/')}/{name}" if found.get(key) else "" for key in (CHECKPOINT_FOLDER, SAVEPOINT_FOLDER)]
    return StateFolders(below[0], below[1] or below[0])


def local(url: str) -> Path | None:
    """The folder of a URL on this machine; None when it is elsewhere (``s3://``...), or no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path))


def readable(where: StateFolders) -> bool:
    """Whether this machine sees the folder that the checkpoints' one is in."""
    folder = local(where.checkpoints) if where.checkpoints else None
    return folder is not None and folder.parent.is_dir()


def newest(where: StateFolders, rest: Rest, title: str) -> Retained | None:
    """The newest complete state that jobs called ``title`` have left, None when none is found."""
    found = [*_on_disk(where), *_known(rest, title)]
    return max(found, key=lambda one: (one.at_s, one.number or 0)) if found else None


def number_of(path: str) -> int | None:
    """The id of the checkpoint or savepoint at ``path``: from its header, else from the name of its folder (chk-12)."""
    folder = local(path)
    if folder is not None and (found := _header(folder / METADATA)) is not None:
        return found
    named = re.search(r"/chk-(\d+)/?$", path)
    return int(named.group(1)) if named else None


def _on_disk(where: StateFolders) -> Iterator[Retained]:
    for url, pattern in ((where.checkpoints, "*/chk-*"), (where.savepoints, "savepoint-*")):
        folder = local(url) if url else None
        for one in folder.glob(pattern) if folder is not None else ():
            number = _header(one / METADATA)
            if number is not None:
                try:
                    yield Retained((one / METADATA).stat().st_mtime, one.as_uri(), number)
                except OSError:
                    continue  # replaced by a newer one meanwhile


def _header(metadata: Path) -> int | None:
    try:
        with metadata.open("rb") as file:
            mark, _, number = _HEADER.unpack(file.read(_HEADER.size))
    except (OSError, struct.error):
        return None
    return number if mark == _MARK else None


def _known(rest: Rest, title: str) -> Iterator[Retained]:
    for job in rest.jobs():
        if job.name != title or not job.over:
            continue
        try:
            latest = rest.get(f"/jobs/{job.id}/checkpoints")["latest"]
        except Refused:
            continue
        for kind in ("savepoint", "completed"):
            one = latest.get(kind) or {}
            path = one.get("external_path", "")
            if not path or path.startswith("<") or one.get("discarded"):
                continue
            # A job that ended with a savepoint has removed its checkpoints, and one on this machine would have been found there.
            if (kind == "completed" and job.state == "FINISHED") or ((there := local(path)) is not None and not there.is_dir()):
                continue
            yield Retained(one["latest_ack_timestamp"] / 1000, path, int(one["id"]))
