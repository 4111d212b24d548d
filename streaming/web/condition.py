"""The condition of a gateway: why what it shows is not live. Its event loop turns whenever this is answered."""

from __future__ import annotations

import time
from typing import Final

from streaming.web.cluster_poller import ClusterPoller
from streaming.web.hub import Hub

#: an operator that reported within this time is there, s
REPORTS_S: Final = 10.0
#: a broker that has not answered for so long is away, s
AWAY_S: Final = 10.0
#: games that are named in one sentence
NAMED: Final = 5


def problems(hub: Hub, cluster: ClusterPoller | None) -> list[str]:
    """Sentences; none where all is well. A gateway without a broker has its games in its own process."""
    if cluster is None:
        return []
    found = []
    if cluster.kafka.problem and (cluster.kafka.age_s is None or cluster.kafka.age_s > AWAY_S):
        found.append(cluster.kafka.problem)
    if cluster.reader.trouble:
        found.append(cluster.reader.trouble)
    limit_s = cluster.silent_limit_s
    if limit_s and (silent := [game for game, silent_s in silences(hub).items() if silent_s > limit_s]):
        named = ", ".join(sorted(game for _, game in silent)[:NAMED]) + (" and others" if len(silent) > NAMED else "")
        found.append(f"no record for more than {limit_s:g} s of {named}")
    return found


def flink_problems(cluster: ClusterPoller | None) -> list[str]:
    """Of the Flink cluster, where there is one: that it is away, or what its jobs have lost. The gateway itself is no worse for
    it, and stays ready."""
    if cluster is None or cluster.flink is None:
        return []
    polled = cluster.flink
    if polled.current is None:
        return [polled.problem] if polled.problem and (polled.age_s is None or polled.age_s > AWAY_S) else []
    return [job.problem for job in polled.current.jobs if job.problem]


def not_ready(hub: Hub, cluster: ClusterPoller | None) -> list[str]:
    """As :func:`problems`, and while the past is still being read."""
    found = problems(hub, cluster)
    if cluster is not None and not cluster.reader.caught_up:
        found.append("starting: the past is still being read from the broker")
    return found


def silences(hub: Hub) -> dict[tuple[str, str], float]:
    """By (sport, game) of which an operator reports, how long ago its newest record arrived, s."""
    now_us = time.time_ns() // 1000
    return {
        (c.record.sport, c.game): max(0.0, (now_us - c.metrics.arrival_us) / 1e6)
        for c in hub.games.values()
        if c.record and c.metrics and c.metrics.arrival_us and now_us - c.reported_us < 1e6 * REPORTS_S
    }
