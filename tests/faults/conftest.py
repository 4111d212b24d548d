"""A broker for tests of faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cluster import Cluster
from streaming.kafka.settings import Address
from tests import real_cluster
from tests.faults.live import SPORT


@pytest.fixture
def address(broker: Cluster) -> Address:
    found = real_cluster.address_of(broker)
    real_cluster.recreate_topics(found, SPORT)
    return found


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Cluster]:
    """A broker that a test may kill."""
    yield from real_cluster.started(tmp_path, only="kafka")
