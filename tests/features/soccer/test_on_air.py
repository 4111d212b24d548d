"""What is shown and said of whole matches, by the engine: simulated and corrected, and real ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from features.common.airtime import CLEARLY
from features.soccer import SPORT
from models.holdout import is_held_out
from simulators.providers import read
from streaming.analysis.airing import OnAirCounts, aired
from streaming.operator.game import GameOperator
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Team

T0 = 1_700_000_000_000_000
#: highlights, and stories, of a whole match
MOST, LEAST = 40, 10


def record() -> GameRecord:
    sides = [Entity(id=f"{side}{n}", team=side, role="keeper" if n == 0 else "player") for side in "ha" for n in range(11)]
    return GameRecord(
        game="g",
        sport="soccer",
        t0_us=T0,
        teams=(Team(id="h", name="Northside"), Team(id="a", name="Southgate")),
        entities=sides,
        tags=[],
        feeds=[Feed(name="events", kind="events", lateness_ms=5000)],
        length_m=105.0,
        width_m=68.0,
        periods=[Period(number=1, start_us=T0)],
    )


def event(
    ident: str, t_s: float, kind: str, team: str | None = None, player: str | None = None, outcome: str = "", **more: Any
) -> Event:
    return Event(
        id=ident,
        game="g",
        type=kind,
        t_us=T0 + round(t_s * 1e6),
        period=1,
        team=team,
        player=player,
        outcome=outcome,
        arrival_us=T0 + round(t_s * 1e6) + 100_000,
        **more,
    )


def a_half() -> list[Event]:
    """A shot a minute, now of one side and now of the other, and a goal."""
    outcomes = ("saved", "off_target", "post", "blocked")
    shots = [event(f"s{n}", 61.0 * n + 30, "shot", "ha"[n % 2], f"{'ha'[n % 2]}{n % 10 + 1}", outcomes[n % 4]) for n in range(40)]
    return [event("start", 0.0, "period_start"), *shots, event("end", 2700.0, "period_end")]


def finals(events: Iterable[Event]) -> dict[tuple[str, str], Any]:
    """(stat, event) -> final value, the newest revision of each."""
    reduced = dataclasses.replace(SPORT, stats=tuple(s for s in SPORT.stats if s.kind == "event" and s.model is None))
    operator = GameOperator(reduced, record(), {}, draw=False, provisional=True, strict=True)
    outputs = [out for one in events for out in operator.on_record(one)] + operator.finish()
    found: dict[tuple[str, str], tuple[int, Any]] = {}
    for block in outputs:
        if isinstance(block, StatBlock) and block.event is not None and block.quality == "final":
            key = block.stat, block.event
            if key not in found or block.revision > found[key][0]:
                found[key] = block.revision, block.values[0][0]
    return {key: value for key, (_, value) in found.items() if value is not None}


def corrected(changes: dict[str, Event], after_s: float) -> list[Event]:
    """The half with each change sent ``after_s`` after the event that it puts right."""
    events = a_half()
    arrived = {e.id: e.arrival_us for e in events}
    late = [
        msgspec.structs.replace(change, revision=1, arrival_us=arrived[ident] + round(after_s * 1e6))
        for ident, change in changes.items()
    ]
    return sorted([*events, *late], key=lambda e: e.arrival_us)


@pytest.mark.parametrize("after_s", [0.2, 4.0, 20.0, 400.0])
def test_commentary_of_a_corrected_match_is_that_of_the_right_one(after_s: float) -> None:
    events = {e.id: e for e in a_half()}
    changes = {
        "s9": msgspec.structs.replace(events["s9"], outcome="goal"),
        "s20": msgspec.structs.replace(events["s20"], type="own_goal", outcome=""),
        "s30": msgspec.structs.replace(events["s30"], deleted=True),
    }
    right = [changes.get(e.id, e) for e in a_half()]
    expected = finals([e for e in right if not e.deleted])
    told = finals(corrected(changes, after_s))
    assert told == expected
    assert told["game.highlight", "s9"]["label"] == "goal"
    assert told["game.story", "s20"]["topic"] == "own_goal"
    assert finals(a_half()) != expected


def test_a_goal_that_is_withdrawn_takes_its_highlight_and_sentence_with_it() -> None:
    goal = event("s9", 579.0, "shot", "a", "a10", "goal")
    wrong = [goal if e.id == "s9" else e for e in a_half()]
    withdrawn = msgspec.structs.replace(goal, outcome="off_target", revision=1, arrival_us=goal.arrival_us + 90_000_000)
    told = finals(sorted([*wrong, withdrawn], key=lambda e: e.arrival_us))
    never = msgspec.structs.replace(withdrawn, revision=0, arrival_us=goal.arrival_us)
    right = finals([never if e.id == "s9" else e for e in a_half()])
    assert told == right
    assert told.get(("game.highlight", "s9"), {"label": "chance"})["label"] != "goal"


def test_the_order_of_arrival_does_not_matter() -> None:
    events = a_half()
    shuffled = sorted(events, key=lambda e: (e.t_us + (3_000_000 if e.id.endswith("3") else 0), e.id))
    seen_us = [max(e.t_us for e in shuffled[: i + 1]) + 3_000_000 for i in range(len(shuffled))]
    moved = [msgspec.structs.replace(e, arrival_us=us) for e, us in zip(shuffled, seen_us, strict=True)]
    plain = [msgspec.structs.replace(e, arrival_us=e.t_us + 3_000_000) for e in events]
    assert finals(moved) == finals(plain)
    assert finals([each for e in plain for each in (e, e)]) == finals(plain)


# -- real matches ---------------------------------------------------------------------------------------------------------------


def goals(events: Iterable[Event]) -> list[str]:
    return [e.id for e in events if e.period < 5 and (e.type == "own_goal" or (e.type == "shot" and e.outcome == "goal"))]


def believable(found: OnAirCounts, events: list[Event], whole: bool = True) -> None:
    """What has to hold of a real match: every goal, as many as a match has room for, apart but for goals and what is clearly
    better, no sentence's pattern again within ten minutes, and nothing that rests on a model."""
    scored = goals(events)
    for kind in (found.highlights, found.stories):
        assert set(scored) <= set(kind)
        if whole:
            assert LEAST <= len(kind) <= MOST, found.title
    others = (e for e in found.highlights if e not in scored)
    apart = sorted(((found.shown_us[e], found.highlights[e]) for e in others), key=lambda pair: pair[0])
    for (before_us, before), (after_us, after) in pairwise(apart):
        alone = after["label"] in ("penalty", "red_card") or after["score"] >= before["score"] + CLEARLY - 1e-3
        assert after_us - before_us >= 74_000_000 or alone, found.title
    said: dict[str, list[int]] = {}
    at = {e.id: e.t_us for e in events}
    for ident, told in found.stories.items():
        assert told["basis"][0]["event"] == ident
        assert not any(model in str(told["basis"]) for model in ("xgoals", "completion_probability"))
        said.setdefault(told["topic"], []).append(at[ident])
    for topic, times in said.items():
        if not topic.startswith(("goal", "own_goal", "red_card", "penalty")):
            assert all(b - a >= 590_000_000 for a, b in pairwise(times)), topic
    for ident, clip in found.highlights.items():
        assert clip["basis"][0]["event"] == ident
        assert {"xgoals", "unlikely_goal", "unlikely_pass"}.isdisjoint(clip["reasons"])
        assert 0.0 < clip["score"] <= 1.0


def imported(provider: str, files: list[Path], pick: str = "") -> tuple[GameRecord, list[Event]]:
    found = read(provider, files, pick)
    return found.record, [one for one in found.stream() if isinstance(one, Event)]


@pytest.mark.real
@pytest.mark.parametrize(
    ("provider", "folder", "pattern"),
    [("sportec", "soccer_dfl_sportec", "*_[em]*"), ("metrica", "soccer_metrica_events", "*Events*")],
)
def test_whole_matches_of_other_providers(real_data: Path, provider: str, folder: str, pattern: str) -> None:
    game, events = imported(provider, sorted((real_data / folder).glob(pattern)))
    believable(aired(SPORT, game, events), events)


@lru_cache
def sample(folder: Path) -> list[str]:
    """Six matches that are held out everywhere, from one end of the file to the other."""
    from simulators.providers.wyscout import match_ids

    held = [match for match in match_ids(sorted(folder.glob("*.parquet"))) if is_held_out("wyscout", match)]
    return held[:: max(len(held) // 6, 1)][:6]


@pytest.mark.real
@pytest.mark.parametrize("which", range(6))
def test_wyscout_matches_that_no_constant_was_set_on(real_data: Path, which: int) -> None:
    folder = real_data / "wyscout_events"
    game, events = imported("wyscout", sorted(folder.glob("*.parquet")), sample(folder)[which])
    believable(aired(SPORT, game, events), events)
