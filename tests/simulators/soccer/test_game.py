"""A simulated match: the same bytes for the same seed, players who move like real ones, events that agree with score and clock."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from features.soccer import vocabulary
from simulators.soccer import state as st
from simulators.soccer.game import BREAK_S, STEP_US, Match
from simulators.soccer.truth import PENALTY_P, pass_probability, pass_terms, shot_probability, shot_terms
from streaming.errors import BadInput
from streaming.wire.records import Event, Telemetry, decode_game, encode, encode_telemetry

MINUTES = 8.0
MAX_SPEED_MPS = 9.8
MAX_ACCELERATION_MPS2 = 6.0


def arrival(record: Telemetry | Event) -> int:
    return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us[-1])


def digest(records: Iterator[Telemetry | Event]) -> str:
    found = hashlib.sha256()
    for record in records:
        found.update(encode_telemetry(record) if isinstance(record, Telemetry) else encode(record))
    return found.hexdigest()


class Played:
    """A match and what its engine gave: places (T, 22, 2), ball (T, 3), who (T, 22), in_play (T,), events; T is both halves."""

    def __init__(self, seed: int, minutes: float) -> None:
        self.match = Match(seed, minutes)
        parts = list(self.match.chunks(2500))
        self.places = np.concatenate([p.places for p in parts])
        self.ball = np.concatenate([p.ball for p in parts])
        self.who = np.concatenate([p.who for p in parts])
        self.in_play = np.concatenate([p.in_play for p in parts])
        self.events = [event for p in parts for event in p.events]

    def halves(self) -> list[slice]:
        n = self.match.half_frames
        return [slice(0, n), slice(n, 2 * n)]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.type == kind]


@pytest.fixture(scope="module")
def played() -> Played:
    return Played(9, MINUTES)


def limits(game: Played) -> tuple[float, float, float]:
    """Largest speed and acceleration of a player, largest speed of the ball."""
    speed = acceleration = ball = 0.0
    for half in game.halves():
        velocity = np.diff(game.places[half], axis=0) * 25
        on = game.who[half] >= 0
        speed = max(speed, np.hypot(velocity[..., 0], velocity[..., 1])[on[1:]].max())
        change = np.diff(velocity, axis=0) * 25
        acceleration = max(acceleration, np.hypot(change[..., 0], change[..., 1])[on[2:]].max())
        ball = max(ball, float(np.linalg.norm(np.diff(game.ball[half], axis=0), axis=1).max() * 25))
    return float(speed), float(acceleration), ball


def check_score(game: Played) -> None:
    """After each goal comes a kick-off by the team that conceded, and no other kick-off but the two that open a half."""
    conceded: list[str | None] = []
    opened = 0
    for event in sorted(game.events, key=lambda e: e.t_us):
        if event.type == "period_start":
            opened, conceded = opened + 1, [None]
        elif event.type == "shot" and event.outcome == "goal":
            conceded.append("away" if event.team == "home" else "home")
        elif event.type == "own_goal":
            conceded.append(event.team)
        elif event.attrs.get("set_piece") == "kick_off":
            assert conceded, event
            owed = conceded.pop(0)
            assert owed is None or owed == event.team
        elif event.type == "period_end":
            assert len(conceded) <= 1
    assert opened == 2


def test_the_same_seed_gives_the_same_bytes_however_it_is_computed() -> None:
    one = Match(11, 1.5)
    assert digest(one.stream()) == digest(Match(11, 1.5).stream())
    assert digest(one.stream()) == digest(one.stream())
    whole, small = list(one.chunks(2000, 2000)), list(one.chunks(7, 3))
    assert len(whole) < len(small)
    for name in ("t_us", "places", "ball", "who", "in_play", "arrival_us"):
        assert np.array_equal(
            np.concatenate([getattr(c, name) for c in whole]), np.concatenate([getattr(c, name) for c in small])
        ), name
    assert [e for c in whole for e in c.events] == [e for c in small for e in c.events]
    assert digest(one.stream()) != digest(Match(12, 1.5).stream())


@pytest.mark.slow
def test_a_new_process_plays_the_same_match() -> None:
    code = (
        "import hashlib; from simulators.soccer.game import Match; from streaming.wire.records import *\n"
        "h = hashlib.sha256()\n"
        "for r in Match(11, 1.5).stream(): h.update(encode_telemetry(r) if isinstance(r, Telemetry) else encode(r))\n"
        "print(h.hexdigest())"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == digest(Match(11, 1.5).stream())


def test_the_record_is_one_that_an_operator_can_start_from(played: Played) -> None:
    record = played.match.record
    assert decode_game(encode(record)) == record
    assert len({e.id for e in record.entities}) == len(record.entities) == 37
    assert len({t.tag for t in record.tags}) == 37
    assert sum(e.role == "keeper" for e in record.entities) == 4
    assert {e.role for e in record.entities} <= set(vocabulary.ROLES)
    assert len({e.name for e in record.entities}) == 37
    assert record.teams[0].name != record.teams[1].name
    first, second = record.periods
    assert first.start_us == record.t0_us
    assert second.start_us - first.start_us == MINUTES * 30e6 + BREAK_S * 1e6
    assert (second.start_us - record.t0_us) % 200_000 == 0
    assert first.home_attacks == -second.home_attacks
    assert record.provenance["seed"] == "9"


def test_records_come_in_the_order_of_arrival_and_within_their_lateness(played: Played) -> None:
    record = played.match.record
    tags = {t.tag for t in record.tags}
    last, frames, events = 0, 0, []
    newest = 0
    for item in played.match.stream():
        assert arrival(item) >= last
        last = arrival(item)
        if isinstance(item, Event):
            events.append(item)
            assert 0 < item.arrival_us - item.t_us <= 5_000_000
            continue
        frames += 1
        assert len(item) == 23
        assert set(item.tag.tolist()) <= tags
        assert len(set(item.tag.tolist())) == 23
        assert (item.t_us == item.t_us[0]).all()
        assert 0 < last - item.t_us[0] < 40_000
        assert newest < item.t_us[0]
        newest = int(item.t_us[0])
        assert np.isnan(item.channels["in_play"][:-1]).all()
        assert item.channels["in_play"][-1] in (0.0, 1.0)
    assert frames == MINUTES * 60 * 25
    assert sorted(events, key=lambda e: e.id) == sorted(played.events, key=lambda e: e.id)
    assert newest == record.periods[1].end_us


def test_large_packets_carry_the_same_samples(played: Played) -> None:
    def columns(frames: int) -> dict[str, np.ndarray]:
        packets = [p for p in Match(3, 1.0).stream(frames) if isinstance(p, Telemetry)]
        out = {n: np.concatenate([getattr(p, n) for p in packets]) for n in ("t_us", "tag", "x_m", "y_m", "z_m")}
        stamps = [np.broadcast_to(np.asarray(p.arrival_us), len(p)) for p in packets]
        return {**out, "arrival": np.concatenate(stamps), "in_play": np.concatenate([p.channels["in_play"] for p in packets])}

    one, many = columns(1), columns(250)
    for name in one:
        assert np.array_equal(one[name], many[name], equal_nan=True), name
    at = [arrival(r) for r in Match(3, 1.0).stream(250)]
    assert at == sorted(at)


def test_no_player_exceeds_human_speed_and_the_ball_does_not_jump(played: Played) -> None:
    speed, acceleration, ball = limits(played)
    assert 5.0 < speed <= MAX_SPEED_MPS
    assert acceleration <= MAX_ACCELERATION_MPS2
    assert 15.0 < ball < 45.0
    assert np.abs(played.ball[:, 0]).max() < 58
    assert np.abs(played.ball[:, 1]).max() < 40
    assert played.ball[:, 2].min() >= 0
    assert np.abs(played.places[..., 0]).max() < 55
    assert np.abs(played.places[..., 1]).max() < 37.5


def test_teams_keep_their_shape(played: Played) -> None:
    """Home plays between its goal and the other; no swarm: the mean distance of outfield players to the ball is far from 0."""
    for half, period in zip(played.halves(), played.match.record.periods, strict=True):
        home = played.places[half, 1:11, 0].mean() * period.home_attacks
        away = played.places[half, 12:22, 0].mean() * period.home_attacks
        assert away - home > 4.0
        keeper = played.places[half, 0, 0] * period.home_attacks
        assert np.quantile(keeper, 0.95) < -30.0
        live = played.in_play[half] > 0
        far = np.hypot(*(played.places[half, :, :] - played.ball[half, None, :2]).transpose(2, 0, 1))[live]
        assert 18.0 < far.mean() < 40.0
        assert (far < 5.0).sum(axis=1).mean() < 5.0


def test_events_use_the_vocabulary_of_the_sport(played: Played) -> None:
    record = played.match.record
    role = {e.id: e for e in record.entities}
    ids = [e.id for e in played.events]
    assert len(set(ids)) == len(ids)
    for event in played.events:
        assert event.type in vocabulary.EVENT_TYPES
        if event.type == "shot":
            assert event.outcome in vocabulary.SHOT_OUTCOMES
            assert role[str(event.attrs["keeper"])].role == "keeper"
            assert role[str(event.attrs["keeper"])].team != event.team
        if event.type == "pass":
            assert event.outcome in vocabulary.PASS_OUTCOMES
            assert role[str(event.attrs["receiver"])].team == event.team
            assert event.attrs["height"] in ("ground", "low", "high")
        if event.type in ("shot", "pass"):
            assert event.attrs["set_piece"] in vocabulary.SET_PIECES
            assert event.attrs["phase"] in vocabulary.SET_PIECES
            assert 0.0 <= float(event.attrs["true_probability"]) <= 1.0
            assert event.end_x_m is not None
        if event.player is not None:
            assert role[event.player].team == event.team
    assert {"pass", "shot", "interception", "out", "period_start", "period_end"} <= {e.type for e in played.events}
    assert "true_probability" in vocabulary.NEVER_FEATURES


def test_an_event_lies_where_the_ball_was_in_its_frame(played: Played) -> None:
    record = played.match.record
    for event in played.events:
        if event.x_m is None:
            continue
        period = record.periods[event.period - 1]
        row = (event.t_us - period.start_us) // STEP_US + (event.period - 1) * played.match.half_frames
        assert (event.t_us - period.start_us) % STEP_US == 0
        near = np.linalg.norm(played.ball[max(row - 1, 0) : row + 2, :2] - (event.x_m, event.y_m), axis=1).min()
        assert near < 1.0, event
        if event.type in ("pass", "shot", "save", "dribble"):
            slot = 11 * (event.team == "away") + int(str(event.player).split("-")[1]) - 1
            if slot < 22 and played.who[row, slot % 22] >= 0 and int(str(event.player).split("-")[1]) <= 11:
                assert np.hypot(*(played.places[row, slot] - (event.x_m, event.y_m))) < 4.0, event


def test_the_score_and_the_clock_follow_from_the_events(played: Played) -> None:
    check_score(played)
    starts, ends = played.of("period_start"), played.of("period_end")
    assert [e.t_us for e in starts] == [p.start_us for p in played.match.record.periods]
    assert [e.t_us for e in ends] == [p.end_us for p in played.match.record.periods]
    for event in played.events:
        period = played.match.record.periods[event.period - 1]
        assert period.start_us <= event.t_us <= (period.end_us or 0)


def test_the_truth_can_be_recomputed_from_the_frame_of_the_event(played: Played) -> None:
    """Nothing that the probability depends on is hidden; and compiled code that is older than the formula is found out."""
    place = {e.id: n for n, e in enumerate(played.match.record.entities)}
    terms, checked = np.empty(5), Counter[str]()
    for event in played.of("pass") + played.of("shot"):
        period = played.match.record.periods[event.period - 1]
        row = (event.t_us - period.start_us) // STEP_US + (event.period - 1) * played.match.half_frames
        pos, who, team = played.places[row], played.who[row], int(event.team == "away")
        attack = period.home_attacks * (1 - 2 * team)
        kind = st.SET_PIECE_NAMES.index(str(event.attrs["set_piece"]))
        if event.type == "shot":
            shot_terms(pos, who, team, attack, event.x_m, event.y_m, terms)
            p = shot_probability(terms, st.BODY_NAMES.index(str(event.attrs["body_part"])), kind)
        else:
            receiver = who.tolist().index(place[str(event.attrs["receiver"])])
            pass_terms(pos, who, team, event.x_m, event.y_m, receiver, terms)
            flags = (bool(event.attrs.get(f)) for f in ("through_ball", "cross"))
            p = pass_probability(terms, event.attrs["height"] == "high", *flags, kind)
        if event.attrs["true_probability"] > 0.0:
            checked[event.type] += 1
            assert event.attrs["true_probability"] == pytest.approx(p, abs=2e-3), event
    assert checked["pass"] > 40
    assert checked["shot"] > 0


def test_bad_options_are_bad_input() -> None:
    with pytest.raises(BadInput, match="to 240 minutes"):
        Match(1, float("nan"))
    with pytest.raises(BadInput, match="seed"):
        Match(-1)
    with pytest.raises(BadInput, match="packet carries"):
        next(Match(1, 1).stream(0))


@pytest.fixture(scope="module")
def season() -> list[Played]:
    return [Played(seed, 90.0) for seed in range(100, 116)]


@pytest.mark.slow
def test_counts_of_a_season_are_within_the_ranges_of_real_ones(season: list[Played]) -> None:
    """Counts of both teams together in 90 minutes, means over the matches."""
    count: Counter[str] = Counter()
    shares, distances, tops, sprints = [], [], [], []
    for game in season:
        check_score(game)
        speed, acceleration, ball = limits(game)
        assert speed <= MAX_SPEED_MPS
        assert acceleration <= MAX_ACCELERATION_MPS2
        assert ball < 45.0
        passes = game.of("pass")
        shares.append(sum(e.team == "home" for e in passes) / len(passes))
        for event in game.events:
            count[event.type] += 1
            count[f"{event.type}.{event.outcome}"] += 1
            count[f"{event.type}.{event.attrs.get('set_piece')}"] += 1
        moved, top, fast = np.zeros(22), np.zeros(22), np.zeros(22)
        for half in game.halves():
            velocity = np.diff(game.places[half], axis=0) * 25
            pace = np.hypot(velocity[..., 0], velocity[..., 1]) * (game.who[half][1:] >= 0)
            moved += pace.sum(axis=0) / 25_000
            top = np.maximum(top, pace.max(axis=0) * 3.6)
            for k in range(22):
                edges = np.flatnonzero(np.diff(np.concatenate([[0], pace[:, k] >= 7.0, [0]]).astype(np.int8)))
                fast[k] += ((edges[1::2] - edges[::2]) >= 25).sum()
        whole = (game.who[0] == game.who[-1]) & (np.arange(22) % 11 > 0)
        distances += moved[whole].tolist()
        tops += top[whole].tolist()
        sprints += fast[whole].tolist()
    n = len(season)
    mean = {key: value / n for key, value in count.items()}
    assert 780 < mean["pass"] < 1120, mean["pass"]
    assert 0.76 < mean["pass.complete"] / mean["pass"] < 0.87
    assert 19 < mean["shot"] < 32, mean["shot"]
    assert 1.9 < mean["shot.goal"] < 3.5, mean["shot.goal"]
    assert 6 < mean["pass.corner"] < 14, mean["pass.corner"]
    assert 16 < mean["foul"] < 30, mean["foul"]
    assert 25 < mean["pass.throw_in"] < 60
    assert 1 < mean["offside"] < 7
    assert 2 < mean["card"] < 7
    assert mean["shot.saved"] > 0.15 * mean["shot"]
    assert mean["shot.blocked"] > 0.10 * mean["shot"]
    assert all(0.33 < share < 0.67 for share in shares)
    assert 8.5 < np.median(distances) < 11.5
    assert min(distances) > 6.5
    assert max(distances) < 13.5
    assert 28.0 < np.median(tops) < 33.0
    assert max(tops) <= 35.3
    assert 3 <= np.median(sprints) <= 40


@pytest.mark.slow
def test_outcomes_are_drawn_from_their_true_probabilities(season: list[Played]) -> None:
    for kind, won in (("shot", "goal"), ("pass", "complete")):
        p = np.array([float(e.attrs["true_probability"]) for game in season for e in game.of(kind)])
        hit = np.array([e.outcome == won for game in season for e in game.of(kind)])
        for low, high in ((0.0, 1.01), (0.0, 0.06), (0.06, 0.12), (0.12, 0.3), (0.3, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.01)):
            part = (p >= low) & (p < high)
            if part.sum() > 30:
                spread = max(float(np.sqrt((p[part] * (1 - p[part])).sum())), 0.5)
                assert abs(hit[part].sum() - p[part].sum()) < 4.0 * spread, (kind, low, part.sum())
    assert 0.7 < PENALTY_P < 0.8
