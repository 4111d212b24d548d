"""A scripted match of 240 events, counted twice: by the ledger as it goes, and afresh from the whole list."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import numpy as np

from features.core.event_context import EventContext
from features.soccer.game import MOST_UNVALUED
from features.soccer.ledger import Ledger
from tests.features.soccer.events import PLAYERS, event, fold, tick

TICKS = (
    "soccer.match.score", "soccer.match.win_probability", "soccer.team.xgoals", "soccer.team.shot_efficiency",
    "soccer.player.xgoals", "soccer.player.shot_efficiency", "soccer.keeper.goals_prevented", "soccer.team.pressing",
    "soccer.team.set_piece_threat",
)  # fmt: skip


def script(seed: int) -> list[EventContext]:
    rng = random.Random(seed)
    moments = [event("period_start", 3.0)]
    for period, start, end in ((1, 3.0, 2760.0), (2, 3700.0, 6520.0)):
        if period == 2:
            moments.append(event("period_start", start, period=2))
        for t in sorted(rng.uniform(start, end) for _ in range(118)):
            team = rng.randrange(2)
            player = rng.randrange(1, 11) + 11 * team
            way = (1 if team == 0 else -1) * (1 if period == 1 else -1)
            at = (rng.uniform(-52, 52), rng.uniform(-34, 34))
            kind = rng.choice(["pass"] * 5 + ["shot", "shot", "tackle", "interception", "foul", "own_goal", "card"])
            common: dict[str, Any] = {"at": at, "period": period, "attack": way}
            if kind == "pass":
                word = rng.choice(["open_play", "open_play", "corner", "free_kick", "throw_in"])
                common |= {"outcome": rng.choice(["complete", "incomplete"]), "set_piece": word, "phase": word}
            elif kind == "shot":
                xgoals = rng.choice([float("nan"), rng.random() * 0.6, rng.random() * 0.6])
                common |= {
                    "outcome": rng.choice(["goal", "saved", "off_target", "blocked"]),
                    "facts": {"soccer.shot.xgoals": xgoals},
                    "set_piece": "open_play",
                    "phase": rng.choice(["open_play", "corner", "free_kick"]),
                    "keeper": "a0" if team == 0 else "h0",
                }
            elif kind == "card":
                common |= {"card": rng.choice(["yellow", "red", "second_yellow"])}
            moments.append(event(kind, t, team, player, **common))
        moments.append(event("period_end", end, period=period))
    return moments


def recount(moments: list[EventContext], t_s: float) -> dict[str, Any]:
    """Every tick stat at ``t_s`` from the list of events, the long way round."""
    past = [m for m in moments if m.t_s <= t_s]
    starts = {m.period: m.t_s for m in past if m.type == "period_start"}
    ends = {m.period: m.t_s for m in past if m.type == "period_end"}

    def played(t: float) -> float:
        return sum(max(min(t, ends.get(p, math.inf)) - s, 0.0) for p, s in sorted(starts.items()))

    shots = [m for m in past if m.type == "shot"]
    rated = [m for m in shots if not math.isnan(m.facts["soccer.shot.xgoals"])]
    goals = [
        sum(m.outcome == "goal" and m.team == team for m in shots) + sum(m.type == "own_goal" and m.team != team for m in past)
        for team in (0, 1)
    ]
    reds = [sum(m.type == "card" and m.attrs["card"] != "yellow" and m.team == team for m in past) for team in (0, 1)]

    def total(chosen: list[EventContext]) -> float:
        return sum((m.facts["soccer.shot.xgoals"] for m in chosen), 0.0)

    of_team = [[m for m in rated if m.team == team] for team in (0, 1)]
    of_player = [[m for m in rated if m.player == n] for n in range(PLAYERS)]
    scored = [sum(m.outcome == "goal" for m in chosen) for chosen in of_player]
    prevented = np.full(PLAYERS, np.nan)
    for keeper, team in ((0, 1), (11, 0)):
        faced = [m for m in of_team[team] if m.outcome in ("goal", "saved")]
        if faced:
            prevented[keeper] = total(faced) - sum(m.outcome == "goal" for m in faced)

    def ahead(m: EventContext) -> float:
        return m.attack * m.x_m

    recent = [m for m in past if played(m.t_s) > played(t_s) - 600.0]
    ppda = []
    for team in (0, 1):
        passes = [m for m in recent if m.type == "pass" and m.team != team and ahead(m) / 105.0 + 0.5 <= 0.6]
        actions = [
            m for m in recent if m.type in ("tackle", "interception", "foul") and m.team == team and ahead(m) / 105.0 + 0.5 >= 0.4
        ]
        ppda.append(len(passes) / len(actions) if len(actions) >= 5 else math.nan)
    threat = []
    for team in (0, 1):
        pieces: list[tuple[str, float, float]] = []
        for m in past:
            if m.team != team or m.type not in ("pass", "shot"):
                continue
            word = m.attrs["set_piece"]
            if word == "corner" or (word == "free_kick" and ahead(m) >= 0.0):
                pieces.append((word, played(m.t_s), 0.0))
            if m in rated and m.attrs["phase"] in ("corner", "free_kick"):
                if not pieces or pieces[-1][0] != m.attrs["phase"] or played(m.t_s) - pieces[-1][1] > 30.0:
                    pieces.append((m.attrs["phase"], played(m.t_s), 0.0))
                kind, when, worth = pieces[-1]
                pieces[-1] = (kind, when, worth + m.facts["soccer.shot.xgoals"])
        latest = [worth for _, _, worth in pieces[-10:]]
        # where shots grew out of set pieces and none has a value, what these were worth is unknown
        unknown = any(m.team == team and m not in rated and m.attrs["phase"] in ("corner", "free_kick") for m in shots)
        threat.append(sum(latest) / len(latest) if latest and (sum(latest) > 0.0 or not unknown) else math.nan)
    if 2 in ends:
        left = 0.0
    elif 2 in starts:
        left = max(2940.0 - (t_s - starts[2]), 30.0)
    elif 1 in ends:
        left = 2940.0
    else:
        left = 5640.0 - min(t_s - starts[1], 2700.0) if 1 in starts else 5640.0
    xgoals = [total(chosen) for chosen in of_team]
    # what too few shots have is no sum for the chances of the results
    known = len(shots) - len(rated) <= MOST_UNVALUED * len(shots)
    for_result = xgoals if known else [math.nan, math.nan]
    return {
        "soccer.match.score": [goals],
        "soccer.match.win_probability": [[left, goals[0] - goals[1], reds[0] - reds[1], *for_result]],
        "soccer.team.xgoals": xgoals,
        "soccer.team.shot_efficiency": [sum(m.outcome == "goal" for m in of_team[team]) - xgoals[team] for team in (0, 1)],
        "soccer.player.xgoals": [total(c) if c else math.nan for c in of_player],
        "soccer.player.shot_efficiency": [g - total(c) if c else math.nan for c, g in zip(of_player, scored)],
        "soccer.keeper.goals_prevented": prevented,
        "soccer.team.pressing": ppda,
        "soccer.team.set_piece_threat": threat,
    }


def test_the_ledger_agrees_with_a_recount() -> None:
    moments = script(7)
    assert len(moments) == 240
    ledger, at, seen = Ledger(players=PLAYERS), 0, 0
    for t_s in np.arange(0.0, 6700.0, 67.0):
        while at < len(moments) and moments[at].t_s <= t_s:
            fold([moments[at]], ledger)
            at += 1
        expected = recount(moments, float(t_s))
        for name in TICKS:
            got = tick(name, ledger, float(t_s))
            np.testing.assert_allclose(got, expected[name], rtol=0, atol=1e-9, err_msg=f"{name} at {t_s}")
            seen += int(np.isfinite(got).sum())
    assert at == 240
    assert seen > 2000


def test_a_match_without_one_event_is_that_match() -> None:
    moments = script(11)
    withdrawn = next(i for i, m in enumerate(moments) if m.type == "shot" and m.outcome == "goal")
    kept = moments[:withdrawn] + moments[withdrawn + 1 :]
    ledger = fold(list(kept))
    for name in TICKS:
        np.testing.assert_allclose(tick(name, ledger, 6600.0), recount(kept, 6600.0)[name], rtol=0, atol=1e-9)


def test_a_ledger_restored_in_the_middle_ends_the_same() -> None:
    moments = script(3)
    whole, first = fold(moments), fold(moments[:120])
    restored = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Ledger)
    fold(moments[120:], restored)
    assert restored == whole
    for name in TICKS:
        assert tick(name, restored, 6700.0).tobytes() == tick(name, whole, 6700.0).tobytes()
