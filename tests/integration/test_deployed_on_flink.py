"""Another version of a model is deployed under a job on a real cluster: its workers take it over between two records."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from infra.cluster import Cluster
from models.artefact import load
from models.registry.store import Store
from streaming.wire import topics
from streaming.wire.messages import decode_stats
from tests import real_cluster
from tests.faults.live import SPORT, Feed, Viewer, expected, names
from tests.models.life_helpers import version_of

MODEL = "pass-completion"


@pytest.mark.cluster
@pytest.mark.slow
def test_deployed_model_reaches_the_workers_of_a_running_job(
    tmp_path: Path, broker: Cluster, flink: Cluster, registry_of_flink: Store
) -> None:
    address, group, games = real_cluster.address_of(broker), "deployed", names("deployed")[:1]
    real_cluster.recreate_topics(address, SPORT)
    other = version_of(MODEL, 0.5, tmp_path / "m")
    registry_of_flink.register(tmp_path / "m", "ann", "a try")
    registry_of_flink.approve(MODEL, other.version, "bob", "for this test")
    try:
        with real_cluster.start_job(address, SPORT, flink, "process", "--group", group) as job, Feed(address, games) as feed:
            with Viewer(address) as viewer:
                viewer.sees(games)
                feed.played(10.0)
                registry_of_flink.deploy(MODEL, other.version, "ann", "on the air")
                sent = feed.finish(after_s=12.0)
            real_cluster.until(lambda: real_cluster.lag(address, SPORT, group) == 0, "all input used and committed")
            assert job.stop()[0] == 0
    finally:
        registry_of_flink.deploy(MODEL, "shipped", "ann", "the test is over")
    finals = [
        u for r in real_cluster.records(address, topics.stats(SPORT)) for u in decode_stats(r.value).updates if u.quality == "final"
    ]
    assert {(u.id, u.revision) for u in finals} == set(expected(sent)[0]), "no prediction was left out, or made twice"
    predicted = [u for u in finals if u.model is not None and u.model.name == MODEL]
    assert [version for version, _ in groupby(u.model.version for u in predicted)] == [load(MODEL).version, other.version]
