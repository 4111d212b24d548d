"""A simulated game of football: consistent downs, clock and score; sensors as promised; and outcomes drawn from their truth."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import pytest

from features.nfl.columns import YD
from simulators.catalogue import open_simulator
from simulators.nfl import bodies, chain, engine, plays, truth
from simulators.nfl.block import Block
from simulators.nfl.drives import Drive, kick_probability
from simulators.nfl.game import Match
from streaming.errors import BadInput
from streaming.wire.records import Event, Telemetry


@lru_cache
def game(seed: int = 3, minutes: float = 20.0) -> tuple[Match, list[Block]]:
    match = Match(seed, minutes)
    return match, list(match.blocks())


@lru_cache
def played(count: int = 500) -> list[plays.Played]:
    rng = np.random.default_rng(8)
    return [
        plays.play_out(
            plays.draw(rng, down=int(rng.integers(1, 4)), to_go_yd=10.0, to_goal_yd=float(rng.integers(10, 90)), spot_m=0.0), k
        )
        for k in range(count)
    ]


def events(blocks: list[Block], *kinds: str) -> list[Event]:
    return [e for block in blocks for e in block.events if not kinds or e.type in kinds]


def test_the_same_seed_is_the_same_game_and_another_is_not() -> None:
    one, two, other = (list(Match(seed, 1.0).stream()) for seed in (5, 5, 6))
    assert [type(r) for r in one] == [type(r) for r in two]
    for a, b in zip(one, two, strict=True):
        if isinstance(a, Event):
            assert a == b
        else:
            assert a.x_m.tobytes() == b.x_m.tobytes()
            assert a.t_us.tobytes() == b.t_us.tobytes()
    first, second = (next(r for r in stream if isinstance(r, Telemetry)) for stream in (one, other))
    assert first.x_m.tobytes() != second.x_m.tobytes()


def test_bad_options_are_one_sentence() -> None:
    with pytest.raises(BadInput, match="a seed is a whole number"):
        open_simulator("nfl", -1, 2.0)
    with pytest.raises(BadInput, match=r"lasts 0\.1 to 240 minutes"):
        open_simulator("nfl", 1, float("nan"))
    with pytest.raises(BadInput, match="a packet carries"):
        next(iter(Match(1, 1.0).stream(0)))


def test_each_player_has_three_tags_with_clocks_of_their_own() -> None:
    match = Match(4, 1.0)
    until_us = match.t0_us + 9_000_000
    packets = [r for r in match.stream() if isinstance(r, Telemetry) and r.t_us[-1] < until_us]
    t, tag = (np.concatenate([getattr(p, name) for p in packets]) for name in ("t_us", "tag"))
    mounts = {m.tag: m.mount for m in match.record.tags}
    assert sorted(mounts.values()).count("left") == sorted(mounts.values()).count("centre") == 44
    busy = [k for k in np.unique(tag).tolist() if k and (tag == k).sum() > 50]
    assert len(busy) == 66, "eleven against eleven"
    phases = {k: int(np.median(t[tag == k] % 100_000)) for k in busy}
    assert len(set(phases.values())) > 60, "no two tags blink together"
    gaps = np.diff(np.sort(t[tag == busy[0]]))
    assert abs(np.median(gaps) - 100_000) < 10
    assert abs(np.median(np.diff(np.sort(t[tag == 0]))) - 40_000) < 1
    lost = 1.0 - sum((tag == k).sum() for k in busy) / sum((t[tag == k].max() - t[tag == k].min()) / 100_000 + 1 for k in busy)
    assert 0.0 < lost < 0.03


def test_shoulders_stand_apart_and_noise_is_inches() -> None:
    match, blocks = game()
    block = next(b for b in blocks if b.played is not None)
    samples = match._samples(block, np.full((len(match.record.tags), 2), 0.5))
    first = 1 + 3 * int(block.entity[0])
    t, tag, x, y = samples[:4]
    left, right = tag == first + 1, tag == first + 2
    assert np.allclose(np.hypot(x[left] - x[right], y[left] - y[right]), 0.44, atol=1e-6)
    assert len(t) == len(tag)


def test_downs_distances_and_the_score_add_up() -> None:
    _match, blocks = game()
    downs = events(blocks, "down")
    assert len(downs) > 40
    clocks = [float(e.attrs["clock_s"]) for e in downs]
    assert all(a > b for a, b in itertools.pairwise(clocks))
    assert 0 < clocks[-1] < clocks[0] <= 3600
    points = {"home": 0.0, "away": 0.0}
    before: Event | None = None
    ended: Event | None = None
    for event in events(blocks):
        if event.type == "down":
            assert 1 <= float(event.attrs["down"]) <= 4
            assert 0 < float(event.attrs["to_go_yd"]) <= float(event.attrs["to_goal_yd"])
            assert float(event.attrs["home_points"]) == points["home"]
            assert float(event.attrs["away_points"]) == points["away"]
            if before is not None and ended is not None and ended.team == event.team and ended.type in ("tackle", "qb_sack"):
                gained = float(ended.attrs["gained_yd"])
                if float(before.attrs["to_goal_yd"]) - gained < 99:
                    assert float(event.attrs["to_goal_yd"]) == pytest.approx(float(before.attrs["to_goal_yd"]) - gained)
                if gained < float(before.attrs["to_go_yd"]):
                    assert float(event.attrs["down"]) == float(before.attrs["down"]) + 1
                else:
                    assert float(event.attrs["down"]) == 1
            before, ended = event, None
        elif event.type in ("tackle", "qb_sack", "touchdown", "field_goal", "punt", "pass_outcome_interception"):
            ended = event
        if "points" in event.attrs and event.team:
            points[event.team] += float(event.attrs["points"])


def test_plays_lie_within_their_quarter_and_never_overlap() -> None:
    match, blocks = game()
    ends = {p.number: p.end_us for p in match.record.periods}
    plays_of = [b for b in blocks if b.played is not None]
    for one, two in itertools.pairwise(plays_of):
        assert one.end_us <= two.start_us
    for block in plays_of:
        assert block.end_us - 1 <= (ends[block.events[0].period] or 0)


def test_no_player_exceeds_human_speed_and_acceleration() -> None:
    for one in played()[:150]:
        step = np.linalg.norm(np.diff(one.places, axis=0), axis=2) * bodies.HZ
        assert step.max() < 13.5, "m/s, a push included"
        assert np.abs(one.places[:, :, 1]).max() < 24.5, "inside the sidelines"


def test_every_play_ends_exactly_once() -> None:
    last = {engine.INCOMPLETE, engine.INTERCEPTED, engine.TACKLE, engine.TOUCHDOWN, engine.SACK}
    for one in played():
        assert sum(int(row[0]) in last for row in one.event_rows) == 1
        assert int(one.event_rows[0, 0]) == engine.SNAP


def outcomes(kind: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.concatenate([one.notes[one.notes[:, 0] == kind] for one in played()])
    return rows[:, 3], rows[:, 4]


@pytest.mark.parametrize("kind", [engine.N_COMPLETION, engine.N_PRESSURE, engine.N_TACKLE])
def test_outcomes_are_drawn_from_their_true_probabilities(kind: int) -> None:
    """The sum of outcomes lies within four standard deviations of the sum of their probabilities."""
    p, share = outcomes(kind)
    assert len(p) > 100
    assert ((p > 0) & (p < 1)).all()
    assert abs(share.sum() - p.sum()) < 4.0 * np.sqrt((p * (1.0 - p)).sum())


@pytest.mark.parametrize("caught", [False, True])
def test_yards_are_drawn_from_their_distribution(caught: bool) -> None:
    for eta in (-1.0, 0.0, 1.3):
        drawn = np.array([truth.draw_yards(eta, u, caught) for u in (np.arange(2000) + 0.5) / 2000])
        for k in (-2, 0, 1, 4, 10, 25):
            assert (drawn >= k).mean() == pytest.approx(truth.at_least(eta, float(k), caught), abs=0.001)
        # the hazards multiply up to the same distribution
        left = 1.0
        for k in range(0 if caught else -3, 6):
            left *= 1.0 - truth.hazard(eta, float(k), caught)
        assert left == pytest.approx(truth.at_least(eta, 6.0, caught))


def test_a_drive_keeps_the_rules() -> None:
    drive = Drive(0)
    drive.gain(4.0)
    assert (drive.down, drive.to_go_yd, drive.to_goal_yd) == (2, 6.0, 71.0)
    drive.gain(6.0)
    assert (drive.down, drive.to_go_yd, drive.to_goal_yd) == (1, 10.0, 65.0)
    for _ in range(4):
        drive.gain(1.0)
    assert (drive.offense, drive.down, drive.to_goal_yd) == (1, 1, 39.0)
    drive.score(7.0)
    assert drive.points == [0.0, 7.0]
    assert drive.offense == 0
    assert drive.to_goal_yd == 75.0
    assert kick_probability(30.0) > kick_probability(50.0)


@pytest.mark.slow
def test_the_chain_wins_as_often_as_its_probabilities() -> None:
    rows = chain.play_games(4, 1500)
    value, won, choice = rows[:, 8], rows[:, 10], rows[:, 9]
    assert ((value >= 0) & (value <= 1)).all()
    by_game = np.array([(won - value)[rows[:, 0] == g].mean() for g in range(1500)])
    assert abs(by_game.mean()) < 4.0 * by_game.std() / np.sqrt(1500)
    fourth = rows[:, 7] >= 0
    late = fourth & (rows[:, 2] < 30)
    assert abs((won - choice)[late].mean()) < 4.0 * (won - choice)[late].std() / np.sqrt(late.sum() / 3)


def test_yards_are_metres_times_a_constant() -> None:
    assert pytest.approx(0.9144) == YD
