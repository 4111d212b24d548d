"""What processes report of themselves while the broker is away, and when it is back: real processes, a real broker."""

from __future__ import annotations

import httpx
import pytest

from streaming.kafka.lag import LagWatch
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.web.cluster_poller import ClusterPoller
from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from tests import real_cluster
from tests.faults.live import SPORT

pytestmark = pytest.mark.cluster


def test_operator_and_gateway_report_a_broker_that_is_away_and_that_it_is_back(own_broker):
    address, port = real_cluster.address_of(own_broker), real_cluster.free_port()
    real_cluster.recreate_topics(address, SPORT)
    hub, monitor = Hub(), f"http://127.0.0.1:{port}"
    reader = KafkaSubscriber(address, [SPORT], hub)
    cluster = ClusterPoller(address.text, LagWatch(address, [SPORT]).look, reader)

    def status(url: str) -> int:
        return httpx.get(url, timeout=30).status_code

    with (
        real_cluster.start_operator(address, SPORT, "--monitor-port", str(port)) as operator,
        reader,
        cluster,
        Gateway(hub, port=0, cluster=cluster) as gateway,
    ):
        ready = [f"{monitor}/ready", f"{gateway.url}/ready", f"{gateway.url}/health"]
        live = [f"{monitor}/live", f"{monitor}/health", f"{gateway.url}/live"]
        real_cluster.until(lambda: [status(url) for url in ready] == [200] * 3, "both are ready")
        assert own_broker.kill("broker")
        real_cluster.until(lambda: [status(url) for url in ready] == [503] * 3, "both report that the broker is away")
        assert [status(url) for url in live] == [200] * 3, "another start would not bring it back"
        assert "broker" in httpx.get(ready[0]).text
        assert "broker" in " ".join(httpx.get(ready[1]).json()["problems"])
        assert "touchline_operator_broker_up{" in httpx.get(f"{monitor}/metrics").text
        own_broker.start("broker")
        real_cluster.until(lambda: [status(url) for url in ready] == [200] * 3, "both are ready again")
        assert operator.stop()[0] == 0
