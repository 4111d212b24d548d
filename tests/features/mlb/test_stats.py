"""Stats of baseball on pictures worked by hand, and on a simulated game whose truth is known."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from features.common.commentary import LANGUAGES
from features.common.commentary import from_value as story_from
from features.common.highlights import from_value
from features.core.event_context import EventContext
from features.core.frames import Roster
from features.core.sport import load_sport
from features.mlb import SPORT
from features.mlb.batted import hit_row, is_barrel
from features.mlb.diamond import BAGS, FT_M, MPH_MPS
from features.mlb.fielding import catch_row
from features.mlb.game import leverage_after, win_features, win_row
from features.mlb.ledger import Ledger, update_state
from features.mlb.odds import home_win, run_expectancy
from features.mlb.pitching import perceived
from features.mlb.steal_features import COLUMN, blank, derive
from simulators.mlb.draws import NEARER_S
from simulators.mlb.game import Game
from streaming.factory import operator_for
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event, StatUpdate, Telemetry
from tests.features.harness import Run, Scene
from tests.streaming import helpers

pytestmark = pytest.mark.slow

#: every row of the catalogue
CATALOGUE = {
    "mlb.runner.lead": "ft", "mlb.runner.secondary_lead": "ft", "mlb.runner.steal_probability": "0..1",
    "mlb.runner.steal_probability_now": "0..1", "mlb.runner.sprint_speed": "ft/s", "mlb.runner.burst": "ft",
    "mlb.runner.home_to_first": "s", "mlb.pitch.velocity": "mph", "mlb.pitch.perceived_velocity": "mph", "mlb.pitch.spin": "rpm",
    "mlb.pitch.extension": "ft", "mlb.pitch.break": "in", "mlb.pitcher.delivery_time": "s", "mlb.pitcher.pitch_tempo": "s",
    "mlb.catcher.pop_time": "s", "mlb.catcher.exchange": "s", "mlb.catcher.arm_strength": "mph",
    "mlb.batted_ball.exit_velocity": "mph", "mlb.batted_ball.launch_angle": "deg", "mlb.batted_ball.spray": "deg",
    "mlb.batted_ball.projected_distance": "ft", "mlb.batted_ball.hit_probability": "0..1", "mlb.batted_ball.barrel": "0..1",
    "mlb.batted_ball.hard_hit": "0..1", "mlb.fielder.jump": "ft", "mlb.fielder.route_efficiency": "%",
    "mlb.fielder.catch_probability": "0..1", "mlb.game.win_probability": "0..1", "mlb.game.leverage": "index",
    "game.momentum": "-1..1", "game.highlight": "object", "game.story": "object",
}  # fmt: skip
SEED, MINUTES = 3, 22.0  # with runs and steals


def test_every_row_of_the_catalogue_is_there() -> None:
    assert load_sport("mlb") is SPORT
    found = {stat.id: stat.unit for stat in SPORT.stats}
    assert {name: found.get(name) for name in CATALOGUE} == CATALOGUE
    assert len(SPORT.stat("mlb.runner.steal_probability").components) == 21
    assert all(stat.definition for stat in SPORT.stats)


@lru_cache
def played() -> tuple[Game, list[Event], list, dict[str, list[StatUpdate]]]:
    game = Game(SEED, MINUTES)
    stream = list(game.stream(1))
    out = helpers.play(operator_for(game.record, strict=True), stream)
    by: dict[str, list[StatUpdate]] = defaultdict(list)
    for update in helpers.updates(out, "final"):
        by[update.stat].append(update)
    return game, [r for r in stream if isinstance(r, Event)], out, by


def test_every_stat_has_a_value_in_a_game() -> None:
    _, _, out, by = played()
    silent = [name for name in CATALOGUE if not any(u.value is not None for u in by[name])]
    assert silent == []
    assert helpers.dead(out) == {}


def test_the_curve_is_on_screen_before_the_pitch_and_never_falls() -> None:
    _, events, out, by = played()
    moves: dict[str, list[int]] = defaultdict(list)
    for e in events:
        if e.type == "first_move" and "runner" in e.attrs:
            moves[e.attrs["runner"]].append(e.t_us)
    sets = {e.id: e for e in events if e.type == "set" and "runner" in e.attrs}
    assert len(sets) >= 5
    first, followed = {}, 0
    for block in out:
        if isinstance(block, StatBlock) and block.stat == "mlb.runner.steal_probability" and block.event not in first:
            first[block.event] = block
    for name, event in sets.items():
        block = first[name]
        assert block.quality == "provisional"
        # what made it computable arrived before the pitcher moved
        published = int(block.ingress_us[0])
        later = [t for t in moves[event.player] if t > event.t_us]
        followed += bool(later)
        assert published < min(later, default=1 << 62)
    assert followed >= 5
    for update in by["mlb.runner.steal_probability"]:
        assert len(update.value) == 21
        assert (np.diff(np.array(update.value)) >= 0.0).all()


def test_now_is_the_curve_at_the_measured_lead() -> None:
    game, events, _, by = played()
    curves = {u.event: u for u in by["mlb.runner.steal_probability"]}
    now = defaultdict(list)
    for u in by["mlb.runner.steal_probability_now"]:
        if u.value is not None:
            now[u.subject].append((u.window_us[1], u.value))
    checked = 0
    leads = {(u.subject, u.event): u.value for u in by["mlb.runner.lead"]}
    moves = [e for e in events if e.type == "first_move" and "runner" in e.attrs]
    for move in moves:
        sets = [e for e in events if e.type == "set" and e.t_us < move.t_us and move.t_us - e.t_us < 4_000_000]
        if not sets or sets[-1].id not in curves:
            continue
        before = [value for end, value in now[move.player] if 0 <= move.t_us - end <= 200_000]
        lead = leads[move.player, move.id]
        if not before or not lead < 19.0:
            continue
        curve = curves[sets[-1].id].value
        low, high = int(lead), int(lead) + 1
        assert curve[low] - 0.02 <= before[-1] <= curve[high] + 0.02
        checked += 1
    assert checked >= 3
    assert game.record.sport == "mlb"


def test_measured_figures_are_those_of_the_world() -> None:
    game, events, _, by = played()
    world = {e.id: e for e in events}
    for u in by["mlb.pitcher.delivery_time"]:
        assert u.value == pytest.approx(world[u.event].attrs["move_s"], abs=2e-3)
    for u in by["mlb.pitch.velocity"]:
        assert u.value * MPH_MPS == pytest.approx(world[u.event].attrs["speed_mps"], rel=1e-6)
    rows = {entity.id: i for i, entity in enumerate(game.record.entities)}
    for u in by["mlb.catcher.pop_time"]:
        assert u.value == pytest.approx(game.clubs.pop_s[rows[u.subject]], abs=0.25)
    for u in by["mlb.runner.home_to_first"]:
        assert 3.6 < u.value < 5.2
    for u in by["mlb.catcher.arm_strength"]:
        assert 55.0 < u.value < 90.0
    fastest = {u.subject: u.value for u in by["mlb.runner.sprint_speed"] if u.value is not None}
    assert max(fastest.values()) * FT_M < 11.5
    sure = [u.value for u in by["mlb.fielder.route_efficiency"] if u.value is not None]
    assert sure
    assert all(60.0 < value <= 100.0 for value in sure)


def test_probabilities_are_near_the_truth_live() -> None:
    _, events, _, by = played()
    world = {e.id: e for e in events}
    off = []
    for stat in ("mlb.batted_ball.hit_probability", "mlb.fielder.catch_probability"):
        off += [abs(u.value - world[u.event].attrs["true_probability"]) for u in by[stat] if u.value is not None]
    assert len(off) >= 10
    assert np.mean(off) < 0.05


def test_the_score_is_the_sum_of_the_plays() -> None:
    _, events, _, by = played()
    plays = [e for e in events if e.type == "play"]
    last = max(by["mlb.game.score"], key=lambda u: u.clocks.event_us)
    assert last.value == [plays[-1].attrs["home_runs"], plays[-1].attrs["away_runs"]]
    assert sum(last.value) > 0


def test_sentences_and_highlights_can_be_decoded() -> None:
    _, _, _, by = played()
    for u in by["game.highlight"]:
        clip = from_value(u.value)
        assert clip.start_s < clip.end_s
        assert 0.0 < clip.score <= 1.0
        assert clip.basis[0]["event"] == u.event
    for u in by["game.story"]:
        assert set(story_from(u.value)) == set(LANGUAGES)
        assert u.value["basis"][0]["event"] == u.event


# -- by hand -----------------------------------------------------------------------------------------------------------------------


def test_barrels_by_the_published_corners() -> None:
    assert is_barrel(98 * MPH_MPS, np.radians(26))
    assert is_barrel(98 * MPH_MPS, np.radians(30))
    assert not is_barrel(98 * MPH_MPS, np.radians(31))
    assert not is_barrel(98 * MPH_MPS, np.radians(25))
    assert not is_barrel(97.9 * MPH_MPS, np.radians(28))
    assert is_barrel(116 * MPH_MPS, np.radians(8))
    assert is_barrel(116 * MPH_MPS, np.radians(50))


def moment(kind: str, attrs: dict | None = None, **more) -> EventContext:
    nan = float("nan")
    return EventContext(
        id="e1",
        type=kind,
        t_s=more.pop("t_s", 10.0),
        period=1,
        team=0,
        player=0,
        x_m=nan,
        y_m=nan,
        end_x_m=nan,
        end_y_m=nan,
        outcome=more.pop("outcome", ""),
        attack=1,
        attrs=attrs or {},
        **more,
    )


def test_perceived_velocity_by_hand() -> None:
    same = perceived(moment("pitch", {"speed_mps": 42.0, "extension_m": 6.3 * FT_M}), Ledger())
    assert same == pytest.approx(42.0)
    longer = perceived(moment("pitch", {"speed_mps": 42.0, "extension_m": 7.3 * FT_M}), Ledger())
    assert longer == pytest.approx(42.0 * 54.2 / 53.2)
    assert perceived(moment("pitch", {"speed_mps": 42.0}), Ledger()) is None
    assert perceived(moment("pitch", {"speed_mps": 92.0, "extension_m": 1.9}), Ledger()) is None, "mph taken for m/s"


def test_a_row_of_a_steal_by_hand() -> None:
    rows = blank(1)
    given = {
        "lead_m": 12 * FT_M,
        "third": 0.0,
        "balls": 3.0,
        "strikes": 2.0,
        "sprint_mps": 28 * FT_M,
        "pop_second_s": 1.98,
        "delivery_s": 1.35,
        "gain_m": 12 * FT_M,
        "release_lead_m": 24 * FT_M,
        "runner_lead_m": 0.1,
    }
    for name, value in given.items():
        rows[0, COLUMN[name]] = value
    derive(rows)
    row = {name: float(rows[0, i]) for name, i in COLUMN.items()}
    assert row["left_s"] == pytest.approx(78 / 28)
    assert row["race_s"] == pytest.approx(1.35 + 1.98 - 78 / 28)
    assert row["pop_race_s"] == pytest.approx(78 / 28)
    assert row["lead_beyond_usual_m"] == pytest.approx(0.4 * FT_M - 0.1)
    assert row["left_at_release_s"] == pytest.approx(66 / 28)
    assert row["full_count"] == 1.0
    assert np.isnan(row["pitcher_prior"])


def test_a_catch_and_a_ball_by_hand() -> None:
    row = catch_row(90.0, 0.0, 100.0, 0.0, 4.0)
    assert row.tolist() == [10.0, 4.0, 2.5, 1.0, 90.0, 0.0]
    ball = hit_row(45.0, 0.5, 0.0, 8.4)
    assert ball[0] == 45.0
    assert ball[4] > 100.0


def test_the_win_row_takes_a_half_that_is_over_for_the_next_one() -> None:
    assert win_row(3, 0, 3, 5, 1).tolist() == win_row(3, 1, 0, 0, 1).tolist()
    assert win_row(3, 1, 3, 0, 1).tolist() == win_row(4, 0, 0, 0, 1).tolist()
    late = moment(
        "play", {"half": "bottom", "outs": 2.0, "first": True, "second": True, "third": True, "home_runs": 1.0, "away_runs": 2.0}
    )
    late.period = 9
    early = moment(
        "play", {"half": "top", "outs": 2.0, "first": False, "second": False, "third": False, "home_runs": 9.0, "away_runs": 0.0}
    )
    assert leverage_after(late, Ledger()) > 5.0
    assert leverage_after(early, Ledger()) < 0.3


def test_between_extra_halves_the_automatic_runner_is_known() -> None:
    second = {"first": False, "second": True, "third": False}
    empty = {"first": False, "second": False, "third": False}
    tied = {"home_runs": 3.0, "away_runs": 3.0}

    def at(kind: str, inning: int, half: str, outs: float, bases: dict[str, bool]) -> Any:
        event = moment(kind, {"half": half, "outs": outs, **bases, **tied})
        event.period = inning
        return event

    for inning, half, next_inning, next_half in ((10, "top", 10, "bottom"), (9, "bottom", 10, "top"), (12, "bottom", 13, "top")):
        ledger = Ledger()
        over, starts = at("half_end", inning, half, 3.0, empty), at("half_start", next_inning, next_half, 0.0, second)
        assert win_features(over, ledger).tolist() == win_features(starts, ledger).tolist()
        assert leverage_after(over, ledger) == leverage_after(starts, ledger) > 1.5
    # no runner before the tenth, and none where an extra half has begun without one
    assert win_features(at("half_end", 9, "top", 3.0, empty), Ledger())[4] == pytest.approx(run_expectancy(0, 0))
    playoffs = Ledger()
    update_state(at("half_start", 10, "top", 0.0, empty), playoffs)
    assert playoffs.placed == 0
    over = win_features(at("half_end", 10, "top", 3.0, empty), playoffs)
    assert over[4] == pytest.approx(run_expectancy(0, 0))
    assert leverage_after(at("half_end", 10, "top", 3.0, empty), playoffs) != leverage_after(
        at("half_end", 10, "top", 3.0, empty), Ledger()
    )
    # one behind with a runner on second is far better than one behind without
    assert home_win(10, 1, 0, 2, -1, 2) > home_win(10, 1, 0, 0, -1, 0) + 0.1
    assert home_win(10, 0, 3, 0, 0) == home_win(10, 1, 0, 2, 0)
    assert home_win(10, 0, 3, 0, 0, 0) == home_win(10, 1, 0, 0, 0, 0)


def scene_of_a_lead(seconds: float = 6.0, hz: int = 30) -> Scene:
    """A pitcher, a catcher, a runner who stands 12 ft off first and goes after 4 s, and the ball in the pitcher's hand."""
    roster = Roster.of([("p", 0, "pitcher"), ("c", 0, "catcher"), ("r", 1, "fielder"), ("ball", -1, "ball")], ("home", "away"))
    rows = round(seconds * hz)
    t = np.arange(1, rows + 1) / hz
    xyz = np.zeros((rows, 4, 3))
    xyz[:, 0, 0] = xyz[:, 3, 0] = 18.44
    xyz[:, 1, 0] = -1.4
    way = (BAGS[2] - BAGS[1]) / np.hypot(*(BAGS[2] - BAGS[1]))
    lead = 12 * FT_M + np.where(t > 4.0, 6.0 * (t - 4.0), 0.0)
    xyz[:, 2, :2] = BAGS[1] + lead[:, None] * way
    nan = np.full((rows, 4), np.nan)
    channels = {name: nan.copy() for name in SPORT.channels}
    channels["phase"][:, 3] = np.where(t <= 2.0, 0, np.where(t <= 4.0, 1, np.where(t <= 5.0, 2, 3)))
    channels["balls"][:, 3], channels["strikes"][:, 3], channels["outs"][:, 3] = 1, 2, 1
    channels["base"][:, 2] = 1
    channels["sprint_mps"][:, :3] = 8.5
    channels["delivery_s"][:, 0], channels["pop_s"][:, 1] = 1.35, 1.98
    one = np.ones(rows, np.int8)
    return Scene(roster, xyz, t, one, one, channels, SPORT.field, 1 / hz)


def test_leads_and_rows_of_a_scene_by_hand() -> None:
    scene = scene_of_a_lead()
    frames = Run(SPORT, scene).advance(len(scene.t))
    at = lambda t: frames.lo + round(t * 30) - 1  # noqa: E731
    assert frames["lead"][at(3.0), 2] == pytest.approx(12 * FT_M)
    assert np.isnan(frames["lead"][at(3.0), :2]).all()
    assert frames["stealer"][at(3.0)] == 2
    assert np.isnan(frames["steal_row"][at(1.0)]).all(), "the ball is dead"
    row = frames["steal_row"][at(3.0)]
    assert row[COLUMN["delivery_s"]] == 1.35
    assert row[COLUMN["pop_second_s"]] == 1.98
    assert row[COLUMN["balls"]] == 1
    assert frames["lead_at_first_move"][at(4.5)] == pytest.approx(12 * FT_M, abs=0.25)
    assert frames["steal_row"][at(5.0)][COLUMN["lead_m"]] == pytest.approx(12 * FT_M + 6.0)
    now = SPORT.stat("mlb.runner.steal_probability_now").compute(frames, np.array([at(3.0), at(1.0), at(5.5)]))
    assert np.isfinite(now[0, 2, COLUMN["lead_m"]])
    assert np.isnan(now[0, :2]).all()
    assert np.isnan(now[1:]).all(), "nothing to read while the ball is dead or in flight"


def test_the_way_a_game_is_cut_changes_no_bit() -> None:
    scene = scene_of_a_lead()
    whole, cut = Run(SPORT, scene), Run(SPORT, scene)
    one = whole.advance(len(scene.t))
    found = defaultdict(list)
    for rows in (1, 6, 30, 13, 200):
        frames = cut.advance(rows)
        for signal in SPORT.signals:
            found[signal.name].append(frames[signal.name][frames.lo : frames.hi].copy())
    for name, parts in found.items():
        assert np.concatenate(parts).tobytes() == one[name][one.lo : one.hi].tobytes(), name


def test_a_feed_in_the_wrong_unit_and_strangers_are_kept_apart() -> None:
    game = Game(SEED, 2.0)
    operator = operator_for(game.record)
    stream = list(game.stream(30))
    out = []
    for r in stream:
        if isinstance(r, Telemetry):
            # feet taken for metres in one packet in three: whoever is then outside the field, or leaps, is set aside
            if int(r.t_us[0]) // 1_000_000 % 3 == 0:
                x, y = r.x_m * np.float32(3.28), r.y_m * np.float32(3.28)
                r = Telemetry(r.game, r.feed, r.t_us, r.tag, x, y, r.z_m, r.arrival_us, channels=r.channels)
            out += operator.on_record(r)
        else:
            out += operator.on_record(r)
    now = int(np.max(stream[-1].arrival_us))
    stranger = Event(
        id="x1",
        game=game.record.game,
        type="pitch",
        t_us=game.record.t0_us + 1,
        player="nobody",
        team="home",
        arrival_us=now,
    )
    odd = Event(id="x2", game=game.record.game, type="wicket", t_us=game.record.t0_us + 2, arrival_us=stranger.arrival_us)
    out += operator.on_record(stranger) + operator.on_record(odd) + operator.finish()
    dead = helpers.dead(out)
    assert dead.get("teleport", 0) + dead.get("outside the field", 0) > 100
    assert dead["unknown event type"] == 1
    assert dead["unknown player"] == 1
    assert any(u.stat == "mlb.pitch.velocity" for u in helpers.updates(out, "final")), "the rest goes on"


def test_features_of_a_steal_are_live_what_they_were_in_training() -> None:
    """The rows that the operator reports are those of the table for the world's own figures: lead, gain, speeds and times."""
    from simulators.mlb.training_data import steal_rows
    from streaming.wire.blocks import Prediction

    game, events, out, _ = played()
    windows = [p for p in out if isinstance(p, Prediction) and p.stat == "mlb.runner.steal_probability_now"]
    assert windows
    assert all(len(p.features) == len(p.answer) == 1 and np.isfinite(p.answer).all() for p in windows), "nobody else"
    people = {entity.id: i for i, entity in enumerate(game.record.entities)}
    world = {e.id: e for e in events}
    found = 0
    for asked in out:
        if not (isinstance(asked, Prediction) and asked.quality == "final" and asked.event in world):
            continue
        event = world[asked.event]
        if asked.stat not in ("mlb.runner.steal_probability", "mlb.runner.steal_probability_at_release"):
            continue
        row = asked.features[0]
        third = row[COLUMN["third"]]
        release = asked.stat.endswith("release")
        runner, pitcher, catcher = (people[event.attrs[word]] for word in ("runner", "pitcher", "catcher"))
        drawn = {
            "lead_m": row[COLUMN["lead_m"]],
            "third": third,
            "gain_m": row[COLUMN["gain_m"]],
            "sprint_mps": game.clubs.sprint_mps[runner],
            "delivery_s": game.clubs.delivery_s[pitcher],
            "pop_s": game.clubs.pop_s[catcher] - NEARER_S * third,
            "balls": event.attrs["balls"],
            "strikes": event.attrs["strikes"],
        }
        taught = steal_rows({name: np.array([value]) for name, value in drawn.items()}, release)[0]
        np.testing.assert_allclose(row, taught, rtol=1e-5, atol=1e-5)
        found += 1
    assert found >= 10


def test_the_chance_at_release_is_near_the_truth() -> None:
    _, events, _, by = played()
    steals = [e for e in events if e.type == "steal"]
    assert len(steals) >= 1
    released = by["mlb.runner.steal_probability_at_release"]
    for steal in steals:
        said = [u for u in released if u.subject == steal.player and 0 < steal.t_us - u.clocks.event_us < 6_000_000]
        assert len(said) == 1
        assert said[0].value == pytest.approx(steal.attrs["true_probability_at_release"], abs=0.12)
    assert {u.value for u in by["mlb.runner.lead"]} != set()
