"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("touchline", deadline=None, print_blob=True)
settings.load_profile("touchline")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real games; skips with the reason where it is absent."""
    folder = Path(os.environ.get("TOUCHLINE_DATA", Path(__file__).parents[1].parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real games are not at {folder} (set TOUCHLINE_DATA)")
    return folder
