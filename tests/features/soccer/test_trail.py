"""What led to a shot: worked by hand, event by event."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from features.soccer.ledger import Ledger
from features.soccer.shots import SHOT_INDEX, shot_features, with_trail
from features.soccer.trail import LED, Trail, follow, led

NOBODY = np.empty((0, 2)), np.empty(0, bool), np.empty(0, bool)
AT = {name: i for i, (name, _, _) in enumerate(LED)}


Event = tuple[str, float, int, dict[str, str | bool]]


def after(*events: Event, shot_s: float = 20.0, period: int = 1) -> tuple[np.ndarray, dict[str, str]]:
    """``events`` are (type, second, team, words), all by player 3 at (30, 10); the shot is team 0's, by player 3."""
    trail = Trail()
    for kind, t_s, team, words in events:
        follow(trail, kind, t_s, 1, team, 3, (30.0, 10.0), words)
    out = np.empty(len(LED))
    return out, led(trail, shot_s, period, 0, 3, out)


def test_the_last_pass_of_the_move() -> None:
    out, words = after(("pass", 10.0, 0, {}), ("pass", 18.0, 0, {"cross": True, "height": "high", "body_part": "left_foot"}))
    assert words == {"assist": "cross", "phase": "open_play"}
    assert out[AT["since_touch_s"]] == 2.0
    assert out[AT["pass_from_m"]] == math.hypot(22.5, 10.0)
    assert out[AT["pass_from_lateral_m"]] == 10.0
    assert (out[AT["pass_high"]], out[AT["pass_headed"]], out[AT["dribbled"]]) == (1.0, 0.0, 0.0)


def test_a_pass_of_another_move_led_to_nothing() -> None:
    for between in ("pass", "shot", "carry"):
        out, words = after(("pass", 10.0, 0, {"through_ball": True}), (between, 15.0, 1, {}))
        assert words["assist"] == "none"
        assert math.isnan(out[AT["pass_from_m"]])
    _, words = after(("pass", 10.0, 0, {"through_ball": True}), ("duel", 15.0, 1, {}), ("interception", 16.0, 1, {}))
    assert words["assist"] == "through_ball"
    _, words = after(("pass", 1.0, 0, {}), shot_s=16.5)
    assert words["assist"] == "none"


def test_set_pieces_rebounds_and_dribbles() -> None:
    _, words = after(("pass", 10.0, 0, {"set_piece": "corner"}), ("clearance", 12.0, 1, {}), ("pass", 18.0, 0, {}))
    assert words == {"assist": "pass", "phase": "corner"}
    _, words = after(("pass", 10.0, 0, {"set_piece": "corner"}), ("pass", 12.0, 1, {}), ("pass", 18.0, 0, {}))
    assert words["phase"] == "open_play"
    _, words = after(("pass", 10.0, 0, {}), ("shot", 16.0, 0, {}), ("save", 17.0, 1, {}))
    assert words["assist"] == "rebound"
    out, _ = after(("pass", 10.0, 0, {}), ("dribble", 16.0, 0, {}))
    assert out[AT["dribbled"]] == 1.0


def test_a_feed_without_passes_knows_nothing_and_another_period_is_another_move() -> None:
    out, words = after(("shot", 18.0, 0, {}))
    assert words == {}
    assert np.isnan(out).all()
    out, words = after(("pass", 18.0, 0, {"cross": True}), period=2)
    assert words == {"assist": "none", "phase": "open_play"}
    assert out[AT["since_touch_s"]] == 30.0


def test_the_shots_own_words_come_first() -> None:
    trail = Trail()
    follow(trail, "pass", 9.0, 1, 0, 3, (30.0, 10.0), {"cross": True, "set_piece": "corner"})

    def of(**attrs: str) -> dict[str, float]:
        row = with_trail(shot_features(40.0, 0.0, *NOBODY, attrs), attrs, trail, 10.0, 1, 0, 4)
        return {name: float(row[SHOT_INDEX[name]]) for name in ("rebound", "from_cross", "after_corner", "pass_from_lateral_m")}

    bare = {"rebound": 0.0, "from_cross": 1.0, "after_corner": 1.0, "pass_from_lateral_m": 10.0}
    assert of() == bare
    assert of(assist="rebound", phase="open_play") == bare | {"rebound": 1.0, "from_cross": 0.0, "after_corner": 0.0}
    # a feed that tells rebounds apart and nothing else leaves the rest to the events
    assert of(assist="unknown") == bare
    penalty = with_trail(shot_features(40.0, 0.0, *NOBODY, {"set_piece": "penalty"}), {}, trail, 10.0, 1, 0, 4)
    assert math.isnan(penalty[SHOT_INDEX["pass_from_m"]])


def test_the_account_carries_it_through_a_snapshot() -> None:
    ledger = Ledger(players=4)
    follow(ledger.trail, "pass", 9.0, 1, 0, 3, (30.0, 10.0), {"height": "high"})
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(ledger), type=Ledger)
    one, other = np.empty(len(LED)), np.empty(len(LED))
    assert led(ledger.trail, 10.0, 1, 0, 3, one) == led(again.trail, 10.0, 1, 0, 3, other)
    np.testing.assert_array_equal(one, other)
