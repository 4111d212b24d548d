"""A broker for tests of faults."""

from __future__ import annotations

from collections.abc import Iterator

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


@pytest.fixture(scope="session")
def second_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from real_cluster.started(tmp_path_factory.mktemp("second-broker"), only="kafka")


@pytest.fixture
def own_broker(second_broker: Cluster) -> Cluster:
    """A broker that a test may kill; it has the topics of the tests before."""
    second_broker.start("broker")
    return second_broker
