"""The program as a folder that travels with its job, compiled code and model artefacts included, so that a cluster of any number
of nodes runs the version that was submitted, beside jobs of other versions."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path
from typing import Final

from streaming.errors import Unavailable

PACKAGES: Final = ("streaming", "features", "models", "simulators")
#: what a worker never reads
_LEAVE: Final = shutil.ignore_patterns("static", "*.pyc", "*.woff2")


def stage(folder: Path) -> Path:
    """Copy the packages of this installation into a folder below ``folder``, called after what is in it. That folder is what goes
    on the workers' path."""
    code, seen = folder / "code", hashlib.blake2b(digest_size=8)
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise Unavailable(f"the package {name} is not installed: pip install -c constraints.txt -e .")
        shutil.copytree(spec.submodule_search_locations[0], code / name, ignore=_LEAVE)
    for path in sorted(code.rglob("*")):
        if path.is_file():
            seen.update(f"{path.relative_to(code)}\0".encode() + path.read_bytes())
    return code.rename(folder / f"touchline-{seen.hexdigest()}")
