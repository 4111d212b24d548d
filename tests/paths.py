"""Where the project and the real games are, for every test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

#: the project's folder
ROOT: Final = Path(__file__).resolve().parents[1]
#: the real games: there, or where the environment says; tests that read them skip where they are not
DATA: Final = Path(os.environ.get("TOUCHLINE_DATA") or ROOT.parent / "shared" / "data")
