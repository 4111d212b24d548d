"""A game that is joined in the middle: whatever is final is what it is for those who saw the whole, and of the play that was cut in
two there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from streaming.factory import operator_for
from streaming.operator.joining import joined_us, withhold
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.records import Event, GameRecord, Telemetry
from tests.small_simulators import small_simulator
from tests.streaming import helpers

pytestmark = pytest.mark.slow
MINUTES = {"nfl": 2.0, "mlb": 2.0, "soccer": 2.0}
#: sentences about a whole match, which whoever joins late tells of what he has seen
OF_THE_MATCH = {"soccer": {"game.story"}}


@lru_cache(maxsize=3)
def game(sport: str) -> tuple[GameRecord, list[Any], dict[tuple[str, str], Any]]:
    """A simulated game, its records, and every final value of an event when all of it is seen."""
    world = small_simulator(sport, 5, MINUTES[sport])
    records = list(world.stream())
    return world.record, records, event_values(play(world.record, records))


def play(record: GameRecord, records: list[Any]) -> list[Output]:
    return helpers.play(operator_for(record, provisional=False, draw=False), records)


def event_values(out: list[Output]) -> dict[tuple[str, str], Any]:
    return {(u.stat, u.event): u.value for u in helpers.updates(out, "final") if u.event is not None}


def after(records: list[Any], cut_us: int) -> Iterator[Any]:
    """What arrives from ``cut_us`` on, as ``replay --from`` and a late start have it."""
    for record in records:
        if isinstance(record, Event):
            if record.arrival_us >= cut_us:
                yield record
            continue
        late = np.broadcast_to(np.asarray(record.arrival_us), len(record)) >= cut_us
        if late.any():
            yield record if late.all() else record.take(late)


def cuts(sport: str, count: int = 6) -> list[int]:
    """Instants spread over the game, and some just after a play, pitch or pass has begun."""
    record, records, _ = game(sport)
    begins = {"nfl": ("ball_snap", "handoff", "pass_forward"), "mlb": ("first_move", "release", "batted_ball"), "soccer": ("pass",)}
    events = [r for r in records if isinstance(r, Event) and r.type in begins[sport] and r.t_us > record.t0_us + 20_000_000]
    last = max(r.t_us for r in records if isinstance(r, Event))
    even = np.linspace(record.t0_us + 20e6, last - 10e6, 3).astype(np.int64).tolist()
    return sorted([*even, *(event.t_us + 350_000 for event in events[:: max(1, len(events) // (count - 3))][: count - 3])])


@pytest.mark.parametrize("sport", list(MINUTES))
def test_finals_of_a_joined_game_are_those_of_the_whole_game(sport: str) -> None:
    record, records, whole = game(sport)
    left = OF_THE_MATCH.get(sport, set())
    some = 0
    for cut_us in cuts(sport):
        got = event_values(play(record, list(after(records, cut_us))))
        wrong = {key: (value, whole.get(key)) for key, value in got.items() if key[0] not in left and whole.get(key) != value}
        assert not wrong, f"joined {(cut_us - record.t0_us) / 1e6:.2f} s into the game"
        some += len(got)
    assert some > 50, "there is something to compare"


def test_of_a_play_that_was_cut_there_is_no_value() -> None:
    """Football: joined between the snap and the end of the play, however far."""
    record, records, whole = game("nfl")
    events = {r.id: r for r in records if isinstance(r, Event)}
    plays: dict[str, list[Event]] = {}
    for event in events.values():
        plays.setdefault(str(event.attrs.get("play")), []).append(event)
    shown = {str(events[ident].attrs.get("play")) for _, ident in whole}
    names = [name for name in plays if name in shown and any(e.type == "ball_snap" for e in plays[name])][2:4]
    for name in names:
        snap = next(e for e in plays[name] if e.type == "ball_snap")
        end_us = max(e.t_us for e in plays[name])
        for share in (0.1, 0.6):
            cut_us = snap.t_us + round(share * (end_us - snap.t_us)) + 40_000
            got = event_values(play(record, list(after(records, cut_us))))
            mine = {stat for stat, ident in got if str(events[ident].attrs.get("play")) == name}
            assert not mine, f"{name}, joined {(cut_us - snap.t_us) / 1e6:.2f} s after its snap"
            assert got, "later plays are there"


@pytest.mark.parametrize(
    ("sport", "counts"),
    [
        ("nfl", "nfl.passer.attempts nfl.rusher.carries nfl.team.plays nfl.player.top_speed"),
        ("mlb", "mlb.pitcher.pitches mlb.team.hits mlb.runner.sprint_speed"),
        (
            "soccer",
            "soccer.match.score soccer.match.win_probability soccer.team.passes soccer.player.passes "
            "soccer.team.pass_accuracy soccer.player.distance soccer.player.top_speed soccer.team.possession game.momentum",
        ),
    ],
)
def test_a_count_of_the_whole_game_is_not_begun_in_the_middle(sport: str, counts: str) -> None:
    record, records, _ = game(sport)
    for cut_us, known in ((record.t0_us, True), (record.t0_us + 40_000_000, False)):
        out = play(record, list(after(records, cut_us)))
        for stat in counts.split():
            blocks = [np.asarray(b.values, np.float64) for b in out if isinstance(b, StatBlock) and b.stat == stat]
            assert any(np.isfinite(values).any() for values in blocks) == known, stat


def test_an_unseen_past_is_reported_once_with_its_reason_and_present_values_go_on() -> None:
    record, records, _ = game("soccer")
    operator = operator_for(record, provisional=False, draw=False)
    out = helpers.play(operator, list(after(records, record.t0_us + 40_000_000)))
    said = [u for u in helpers.updates(out, "unavailable") if u.stat == "soccer.player.distance"]
    assert len(said) == len({u.subject for u in said}) > 20
    assert {u.reason for u in said} == {"the game was joined in the middle, and what was before is not known"}
    assert any(u.stat == "soccer.player.speed" and u.value is not None for u in helpers.updates(out, "final"))
    counted = {stat for stat, reason, n in operator.metrics.unavailable() if "joined in the middle" in reason and n}
    assert {"soccer.player.distance", "soccer.player.top_speed", "game.momentum"} <= counted


def test_of_a_vector_what_looks_back_no_further_is_known() -> None:
    """Football: distance in this play is known, distance in the game is not."""
    record, records, _ = game("nfl")
    out = play(record, list(after(records, record.t0_us + 40_000_000)))
    values = np.concatenate(
        [
            np.asarray(b.values, np.float64).reshape(-1, 2)
            for b in out
            if isinstance(b, StatBlock) and b.stat == "nfl.player.distance" and b.quality == "final"
        ]
    )
    assert np.isfinite(values[:, 0]).any()
    assert np.isnan(values[:, 1]).all()


def test_what_has_a_memory_is_known_once_so_much_has_been_seen() -> None:
    t_us, first_us = np.array([100, 459, 460, 461]) * 1_000_000, 100_000_000
    values, lost = withhold(np.ones((4, 1)), t_us, first_us, np.array([360e6]))
    assert np.isfinite(values[:, 0]).tolist() == [False, False, True, True]
    assert lost is not None
    assert (lost.codes[:, 0] != 0).tolist() == [True, True, False, False]
    assert joined_us(0, np.array([9_000_000, 1 << 62])) is None, "a few seconds late is not the middle"
    assert joined_us(0, np.array([11_000_000, 1 << 62])) == 11_000_000


def test_an_unreported_score_is_missing_and_not_nil_nil() -> None:
    for sport in ("nfl", "mlb"):
        record, records, _ = game(sport)
        cut_us = record.t0_us + 40_000_000
        said_us = next(
            r.t_us
            for r in records
            if isinstance(r, Event) and r.arrival_us >= cut_us and {"home_points", "home_runs"} & set(r.attrs)
        )
        out = play(record, list(after(records, cut_us)))
        early = [
            values
            for b in out
            if isinstance(b, StatBlock) and b.stat == f"{sport}.game.score"
            for end_us, values in zip(b.end_us.tolist(), np.asarray(b.values, np.float64), strict=True)
            if end_us < said_us
        ]
        assert all(np.isnan(values).all() for values in early), sport


def test_a_packet_may_be_cut_anywhere() -> None:
    """The helper of these tests, too, is right: nothing is lost of what arrives later."""
    record, records, _ = game("mlb")
    cut_us = record.t0_us + 30_000_000
    kept = sum(len(r) for r in after(records, cut_us) if isinstance(r, Telemetry))
    later = sum(int((np.broadcast_to(r.arrival_us, len(r)) >= cut_us).sum()) for r in records if isinstance(r, Telemetry))
    assert kept == later > 0


#: what a window says of a play or a pitch, not of the game so far
OF_A_PLAY = {
    "nfl": (
        "nfl.receiver.separation",
        "nfl.receiver.cushion",
        "nfl.passer.time_in_pocket",
        "nfl.passer.pressure_distance",
        "nfl.defender.get_off",
        "nfl.defender.tackle_probability",
        "nfl.defender.pressure_probability",
        "nfl.pass.completion_probability",
    ),
    "mlb": ("mlb.runner.steal_probability_now", "mlb.runner.burst"),
}


@pytest.mark.parametrize("sport", list(OF_A_PLAY))
def test_windows_of_a_play_are_those_of_the_whole_game(sport: str) -> None:
    record, records, _ = game(sport)
    whole = windows(play(record, records), OF_A_PLAY[sport])
    for cut_us in cuts(sport)[1:5:2]:
        got = windows(play(record, list(after(records, cut_us))), OF_A_PLAY[sport])
        # what the filters need to see is there after a second and a half
        later = {key: value for key, value in got.items() if key[1] >= cut_us + 1_500_000}
        wrong = {key: (value, whole.get(key)) for key, value in later.items() if whole.get(key) != pytest.approx(value, rel=1e-9)}
        assert not wrong, f"joined {(cut_us - record.t0_us) / 1e6:.2f} s into the game"
        assert later


def windows(out: list[Output], stats: tuple[str, ...]) -> dict[tuple[str, int, str], float]:
    """{(stat, end of the window, subject): value} of what is there."""
    found: dict[tuple[str, int, str], float] = {}
    for block in out:
        if isinstance(block, StatBlock) and block.stat in stats and block.quality == "final":
            values = np.asarray(block.values, np.float64).reshape(len(block.end_us), len(block.subjects))
            for k, s in np.argwhere(np.isfinite(values)).tolist():
                found[block.stat, int(block.end_us[k]), block.subjects[s]] = float(values[k, s])
    return found
