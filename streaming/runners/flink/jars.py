"""Where the Kafka connector of Flink is: it goes with the job, so that a cluster needs none of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streaming.errors import Unavailable

CONNECTOR: Final = "flink-sql-connector-kafka-*.jar"


def connector() -> Path:
    """The jar: in ``$TOUCHLINE_JARS``, where ``make jars`` puts it, or in ``$FLINK_HOME/lib``; else ``Unavailable``."""
    for folder in _folders():
        found = sorted(folder.glob(CONNECTOR))
        if found:
            return found[-1]
    raise Unavailable("Flink's Kafka connector is not here: make jars fetches it (or set TOUCHLINE_JARS to its folder)")


def _folders() -> Iterator[Path]:
    if folder := os.environ.get("TOUCHLINE_JARS"):
        yield Path(folder)
    yield Path(__file__).resolve().parents[3] / "infra" / ".jars" / "flink"
    if home := os.environ.get("FLINK_HOME"):
        yield Path(home) / "lib"
