"""Packages for tests, as an installer leaves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


def write_metadata(site: Path, package: str, groups: Mapping[str, Sequence[str]]) -> None:
    """The metadata of a package with entry points, ``{group: [name = value, ...]}``, in the folder ``site``."""
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [line for group, points in groups.items() for line in (f"[{group}]", *points)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def install(site: Path, monkeypatch: pytest.MonkeyPatch, package: str, groups: Mapping[str, Sequence[str]]) -> None:
    """The same, with ``site`` on this process's path."""
    write_metadata(site, package, groups)
    monkeypatch.syspath_prepend(str(site))
