"""The session's broker with the topics of the toy sport, and a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.cluster import Cluster
from streaming.kafka.settings import Address
from tests import real_cluster
from tests.faults.kafka.games import PARTITIONS, SPORT
from tests.faults.kafka.proxy import WireProxy


@pytest.fixture
def address(broker: Cluster) -> Address:
    found = real_cluster.address_of(broker)
    real_cluster.recreate_topics(found, SPORT, PARTITIONS)
    return found


@pytest.fixture
def proxy(broker: Cluster) -> Iterator[WireProxy]:
    with WireProxy(broker.shape["kafka_port"]) as found:
        yield found
