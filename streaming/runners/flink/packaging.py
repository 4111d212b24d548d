"""The program as a folder that travels with its job, compiled code and model artefacts included, so that a cluster of any number
of nodes runs the version that was submitted, beside jobs of other versions. The folder has the metadata of the installed package:
sports and models are entry points, and workers look them up by name."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from features.core.plugins import OWN_PACKAGE
from streaming.errors import Unavailable

PACKAGES: Final = ("streaming", "features", "models", "simulators")
_NOT_INSTALLED: Final = "the package {} is not installed: uv pip install -c constraints.txt -e ."
#: what a worker never reads
_LEAVE: Final = shutil.ignore_patterns("static", "*.pyc", "*.woff2")


def stage(folder: Path) -> Path:
    """Copy the packages of this installation into a folder below ``folder``, called after what is in it. That folder is what goes
    on the workers' path."""
    code, seen = folder / "code", hashlib.blake2b(digest_size=8)
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise Unavailable(_NOT_INSTALLED.format(name))
        shutil.copytree(spec.submodule_search_locations[0], code / name, ignore=_LEAVE)
    _write_metadata(code)
    for path in sorted(code.rglob("*")):
        if path.is_file():
            seen.update(f"{path.relative_to(code)}\0".encode() + path.read_bytes())
    return code.rename(folder / f"touchline-{seen.hexdigest()}")


def _write_metadata(code: Path) -> None:
    """Name, version and entry points of the installed package, where ``importlib.metadata`` finds them beside its code."""
    try:
        installed = distribution(OWN_PACKAGE)
    except PackageNotFoundError:
        raise Unavailable(_NOT_INSTALLED.format(OWN_PACKAGE)) from None
    info = code / f"{OWN_PACKAGE}-{installed.version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {OWN_PACKAGE}\nVersion: {installed.version}\n", "utf-8")
    (info / "entry_points.txt").write_text(installed.read_text("entry_points.txt") or "", "utf-8")
