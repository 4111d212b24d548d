"""A broken NFL feed: its faults are counted with their reasons, and everything else goes on."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
import pytest

from features.nfl.columns import YD
from simulators.catalogue import open_simulator
from streaming.factory import operator_for
from streaming.wire.records import Event, GameRecord, Telemetry
from tests.streaming import helpers

Stream = list[Telemetry | Event]


@lru_cache
def played() -> tuple[GameRecord, Stream]:
    world = open_simulator("nfl", 21, 1.0)
    return world.record, list(world.stream(10))


def changed(change) -> Stream:  # type: ignore[no-untyped-def]
    return [change(r) for r in played()[1]]


def scaled(packet: Telemetry | Event, factor: float) -> Telemetry | Event:
    if isinstance(packet, Event):
        return packet
    by = np.where(packet.tag == 0, 1.0, factor).astype(np.float32)
    return Telemetry(
        packet.game,
        packet.feed,
        packet.t_us,
        packet.tag,
        packet.x_m * by,
        packet.y_m * by,
        packet.z_m,
        packet.arrival_us,
        channels=packet.channels,
    )


def stats(out: list) -> set[str]:  # type: ignore[type-arg]
    return {u.stat for u in helpers.updates(out, "final") if u.value is not None}


@pytest.mark.parametrize("unit", [3.28084, 100.0], ids=["feet", "centimetres"])
def test_feed_in_the_wrong_unit_is_quarantined_and_the_others_are_used(unit: float) -> None:
    record, _ = played()
    operator = operator_for(record)
    out = helpers.play(operator, changed(lambda r: scaled(r, unit)))
    reasons = helpers.dead(out)
    assert set(reasons) <= {"outside the field", "teleport"}, reasons
    assert sum(reasons.values()) > 500, reasons
    fastest = [u.value for u in helpers.updates(out, "final") if u.stat == "nfl.player.speed" and isinstance(u.value, float)]
    assert fastest, "what is believable has a speed still"
    assert max(fastest) < 30.0, "mph: no speed is beyond a player's"
    assert {"nfl.game.win_probability", "nfl.game.score"} <= stats(out)


def test_positions_in_yards_are_quarantined_where_they_exceed_human_speed() -> None:
    """A factor of 1.09 hides within human limits: the agreement with the vendor's own speed shows it (import --check)."""
    record, _ = played()
    out = helpers.play(operator_for(record), changed(lambda r: scaled(r, 1.0 / YD)))
    assert {"nfl.player.speed", "nfl.receiver.separation"} <= stats(out)


def test_samples_of_unknown_tags_are_counted() -> None:
    record, stream = played()
    good = next(r for r in stream if isinstance(r, Telemetry))
    stranger = Telemetry(
        good.game,
        good.feed,
        good.t_us,
        good.tag + np.uint32(50_000),
        good.x_m,
        good.y_m,
        good.z_m,
        good.arrival_us,
        channels=good.channels,
    )
    out = helpers.play(operator_for(record), [*stream[:1], stranger, *stream[1:]])
    assert helpers.dead(out) == {"unknown tag": len(good)}


def test_play_without_a_snap_and_events_without_a_player_leave_the_rest_intact() -> None:
    record, stream = played()
    snaps = [r for r in stream if isinstance(r, Event) and r.type == "ball_snap"]
    without: Stream = [r for r in stream if r is not snaps[0]]
    odd = msgspec.structs.replace(snaps[0], id="odd", player="nobody")
    strange = msgspec.structs.replace(snaps[0], id="strange", type="moonwalk")
    operator = operator_for(record)
    out = helpers.play(operator, [*without, odd, strange])
    assert helpers.dead(out) == {"unknown player": 1, "unknown event type": 1}
    assert operator.events.ledger.live.no_snap >= 1
    assert {"nfl.player.speed", "nfl.defense.men_in_box", "nfl.game.win_probability"} <= stats(out)


def test_player_with_silent_shoulder_tags_keeps_speed_and_loses_orientation() -> None:
    record, _stream = played()
    mounts = {t.tag: t.mount for t in record.tags}
    quiet = np.array([tag for tag, mount in mounts.items() if mount in ("left", "right")], np.uint32)

    def change(r: Telemetry | Event) -> Telemetry | Event:
        return r if isinstance(r, Event) else r.take(~np.isin(r.tag, quiet))

    assert "nfl.player.orientation" in stats(helpers.play(operator_for(record), played()[1]))
    shown = stats(helpers.play(operator_for(record), changed(change)))
    assert "nfl.player.speed" in shown
    assert "nfl.player.orientation" not in shown
