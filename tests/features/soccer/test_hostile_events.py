"""Whatever an event says, its features neither fail nor leave the ledger in a state that cannot be stored."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.event_context import EventContext
from features.soccer import SPORT, commentary, highlights, ledger, passes, shots, threat
from features.soccer.align import align
from features.soccer.ledger import Ledger
from features.soccer.vocabulary import EVENT_TYPES, PASS_OUTCOMES, SET_PIECES, SHOT_OUTCOMES
from tests.features.soccer.events import PLAYERS, ROSTER, frames_of

TICKS = [stat for stat in SPORT.stats if stat.kind == "tick"]
EVENTS = [*passes.STATS, *threat.STATS, *highlights.STATS, *commentary.STATS]
STEPS = [step for step in SPORT.event_steps if step not in shots.EVENT_STEPS]

RNG = np.random.default_rng(2)
XYZ = RNG.uniform((-52, -34, 0), (52, 34, 3), (40, PLAYERS, 3))
XYZ[RNG.random((40, PLAYERS)) < 0.2] = np.nan

numbers = st.one_of(st.floats(-60, 60), st.floats(), st.just(float("nan")))
words = st.one_of(
    st.sampled_from([*sorted(SET_PIECES), "red", "second_yellow", "h0", "a3", "ball", "high", "head", "overhead", ""]),
    st.text(max_size=5),
    st.booleans(),
    numbers,
)
keys = st.sampled_from([
    "set_piece", "phase", "keeper", "card", "receiver", "height", "body_part", "technique", "cross", "through_ball",
    "target_x_m", "target_y_m", "length_s", "player_on", "counter",
])  # fmt: skip


@st.composite
def moments(draw: st.DrawFn) -> EventContext:
    facts: dict[str, Any] = {}
    for name in ("soccer.shot.xgoals", "soccer.shot.speed"):
        if draw(st.booleans()):
            facts[name] = draw(st.one_of(st.none(), st.floats(0, 40)))
    return EventContext(
        id="e",
        type=draw(st.sampled_from(sorted(EVENT_TYPES))),
        t_s=draw(st.floats(-10, 1e4)),
        period=draw(st.integers(0, 50)),
        team=draw(st.integers(-1, 1)),
        player=draw(st.integers(-1, PLAYERS - 1)),
        x_m=draw(numbers),
        y_m=draw(numbers),
        end_x_m=draw(numbers),
        end_y_m=draw(numbers),
        outcome=draw(st.sampled_from([*sorted(SHOT_OUTCOMES | PASS_OUTCOMES), "", "?"])),
        attack=draw(st.integers(-1, 1)),
        attrs=draw(st.dictionaries(keys, words, max_size=4)),
        row=draw(st.integers(-1, 39)),
        facts=facts,
        roster=ROSTER,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(moments(), max_size=12), st.booleans())
def test_no_event_is_too_strange(seen: list[EventContext], tracked: bool) -> None:
    account = Ledger(players=PLAYERS)
    frames = frames_of(XYZ, signals={"top_speed": np.full((40, PLAYERS), 9.5)})
    for moment in seen:
        if tracked:
            moment.frames = frames
            assert -1 <= align(frames, moment, 3, 37) < 37
        else:
            moment.row = -1
        for step in STEPS:
            if moment.type in step.on and step.phase == "extract":
                step.compute(moment)
        for stat in EVENTS:
            if moment.type in stat.on:
                value = stat.compute(moment, account)
                if stat.model is not None and value is not None:
                    assert value.shape == (len(passes.PASS_FEATURES),)
                    assert not np.isinf(value).any()
                    value = 0.5
                assert value is None or isinstance(value, (str, float, dict))
                moment.facts[stat.id] = value
        for step in STEPS:
            if moment.type in step.on and step.phase == "apply":
                step.compute(moment, account)
        for stat in TICKS:
            value = stat.compute(account, moment.t_s)
            assert len(value) == {"match": 1, "team": 2, "player": PLAYERS}[stat.per]
            assert not np.isinf(value).any()
    assert math.isfinite(account.clock_s(1e5))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(account), type=Ledger) == account
    assert SPORT.field.length_m == ledger.LENGTH_M
