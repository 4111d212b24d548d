"""The gateway dies in the middle of a game and is started again: its viewers have the numbers from before, and new ones."""

from __future__ import annotations

import json
import time
import urllib.request
from itertools import pairwise
from typing import Any

import pytest

from infra.cluster import Cluster
from streaming.web.game_cache import HISTORY_US
from tests import real_cluster
from tests.faults.live import SPORT, Feed, names
from tests.waiting import within_s

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

#: how long a viewer may be without a gateway after it was killed, on a machine of its own
BACK_S = 10.0
#: one that goes out all the time: what is read off the account goes out when it changes
STAT = "soccer.team.pitch_control"


def gateway(source: str, port: int) -> real_cluster.Program:
    return real_cluster.Program("serve", "--source", source, "--sport", SPORT, "--port", str(port))


def points(port: int, game: str) -> dict[int, Any]:
    """What the gateway knows of one stat of a game, by its time; nothing while it does not answer or does not know the game."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/games/{game}/history?stat={STAT}", timeout=10) as answer:
            return dict(json.load(answer).get(STAT, []))
    except OSError:
        return {}


def feed_end_us(feed: Feed) -> int:
    """The time of the last point that a whole game must have."""
    return max(due_us for due_us, _ in feed.load.sent) - HISTORY_US - 2_000_000


def test_killed_gateway_started_again_serves_the_past(broker: Cluster):
    address = real_cluster.address_of(broker)
    real_cluster.recreate_topics(address, SPORT)
    games, port = names("gateway", 1), real_cluster.free_port()
    (game,) = games
    with real_cluster.start_operator(address, SPORT), Feed(address, games) as feed:
        with gateway(address.text, port) as one:
            real_cluster.until(lambda: len(points(port, game)) >= 2, "the first gateway has numbers")
            before = points(port, game)
            del before[max(before)]  # the newest moves on
            one.kill()
        died = time.monotonic()
        assert not points(port, game)
        with gateway(address.text, port) as two:
            real_cluster.until(lambda: set(points(port, game)) >= set(before), "the second one has the numbers from before")
            back_s, busy = time.monotonic() - died, real_cluster.contention()
            feed.finish()
            real_cluster.until(lambda: max(points(port, game)) >= feed_end_us(feed), "the end of the game")
            after = points(port, game)
            assert two.stop()[0] == 0
    print(f"\ngateway killed: back after {back_s:.1f} s with {len(before)} points from before, {len(after)} in the end")
    assert {t_us: after.get(t_us) for t_us in before} == before
    steps = [b - a for a, b in pairwise(sorted(after))]
    assert max(steps) < 2 * HISTORY_US, f"a point is missing: {steps}"
    assert back_s <= within_s(BACK_S, busy)
