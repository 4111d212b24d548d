from __future__ import annotations

from pathlib import Path

import pytest

from models.registry.store import Store
from tests.models.life_helpers import version_of
from tests.models.registry.faulty_disk import FaultyDisk

NAME = "nfl-yac"


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def store(tmp_path: Path, disk: FaultyDisk) -> Store:
    """A registry with the versions of ``versions``, approved."""
    return Store(tmp_path / "registry", disk)


@pytest.fixture
def versions(store: Store, tmp_path: Path) -> list[str]:
    """The shipped version, and two that are approved."""
    found = [store.deployed(NAME) or ""]
    for shift in (0.25, 0.5):
        found.append(version_of(NAME, shift, tmp_path / f"m{shift}").version)
        store.register(tmp_path / f"m{shift}", "ann", "x")
        store.approve(NAME, found[-1], "bob", "x")
    return found
