"""The small corpus of the repository: of each target's working corpus what covers most in few bytes, and inputs that once found
something. All of it is made from the targets' own seeds; nothing in it is a provider's."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.runner import CORPUS
from tests.fuzz.targets import every

#: the least that a target may have, bytes
_LEAST = 2048


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
        left = share
        with tempfile.TemporaryDirectory() as merged:
            _merge(name, work / "corpus" / name, Path(merged))
            for path in sorted(Path(merged).iterdir(), key=lambda path: path.stat().st_size):
                body = path.read_bytes()
                if len(body) > left:
                    break
                (folder / hashlib.sha256(body).hexdigest()[:12]).write_bytes(body)
                left -= len(body)
        if not any(folder.iterdir()):
            folder.rmdir()
        print(f"{name}: {share - left:,} bytes")


def _merge(name: str, corpus: Path, merged: Path) -> None:
    """libFuzzer's own choice: inputs that together cover what all of them do."""
    if not corpus.is_dir():
        return
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz.child",
            name,
            str(merged / ".counts"),
            str(merged / ".crashes"),
            "600",
            str(merged),
            str(corpus),
            "-merge=1",
        ],
        capture_output=True,
        timeout=600,
        check=False,
    )
    (merged / ".counts").unlink(missing_ok=True)
    shutil.rmtree(merged / ".crashes", ignore_errors=True)
    if found.returncode:
        print(f"{name}: not merged ({found.returncode})", file=sys.stderr)


def inputs(name: str) -> list[Path]:
    """The inputs of a target in the repository."""
    folder = CORPUS / name
    return sorted(folder.iterdir()) if folder.is_dir() else []
