"""What is shown and said of whole games of every sport: simulated ones, and the real race."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from features.common.commentary import LANGUAGES
from features.core.sport import load_sport
from simulators.catalogue import open_simulator
from simulators.providers import read
from streaming.analysis.airing import OnAirCounts, aired
from streaming.cli.check import SCORES
from streaming.wire.records import Event, GameRecord

MINUTES = {"nfl": 60.0, "mlb": 120.0, "f1": 40.0, "soccer": 90.0}
LEAST, MOST = 10, 40


@lru_cache
def played(sport: str, seed: int) -> tuple[GameRecord, list[Event]]:
    world = open_simulator(sport, seed, MINUTES[sport])
    return world.record, [one for one in world.stream() if isinstance(one, Event)]


def holds(found: OnAirCounts, events: list[Event], sport: str, least: int = LEAST) -> None:
    """As many as a game has room for, every score among them, each with what it rests on and in every language."""
    ids = {e.id for e in events}
    for kind in (found.highlights, found.stories):
        assert least <= len(kind) <= MOST
        assert {e.id for e in events if SCORES[sport](e)} <= set(kind)
        assert all(value["basis"][0]["event"] == ident and ident in ids for ident, value in kind.items())
    for told in found.stories.values():
        assert set(LANGUAGES) <= set(told)
        assert len({told[language] for language in LANGUAGES}) > 1
        assert not any("nan" in told[language].split() or "{" in told[language] for language in LANGUAGES)


@pytest.mark.slow
@pytest.mark.parametrize("sport", ["mlb", "nfl"])
def test_a_whole_simulated_game(sport: str) -> None:
    game, events = played(sport, 7)
    found = aired(load_sport(sport), game, events)
    holds(found, events, sport)
    if sport == "mlb":
        runs, scored = 0.0, 0
        for e in events:
            now = float(e.attrs.get("home_runs", 0.0)) + float(e.attrs.get("away_runs", 0.0))
            if e.type == "play":
                scored += now > runs
                assert (now > runs) <= (e.id in found.highlights and e.id in found.stories), "a run that nobody saw"
                runs = now
        assert scored >= 3


@pytest.mark.real
def test_the_real_race(real_data: Path) -> None:
    imported = read("tracinginsights", sorted((real_data / "f1_dutch_gp_2025_race").iterdir()))
    events = [one for one in imported.stream() if isinstance(one, Event)]
    found = aired(load_sport("f1"), imported.record, events)
    holds(found, events, "f1")
    at = {e.id: e for e in events}
    labels = [value["label"] for value in found.highlights.values()]
    assert labels.count("safety_car") == 3
    # the crashes of Hamilton and Leclerc, and the engine of Norris
    assert {at[e].player for e, value in found.highlights.items() if value["label"] == "retirement"} == {"HAM", "LEC", "NOR"}
    told = [value["en"] for value in found.stories.values()]
    assert told[0] == "Lights out, and 72 laps to go."
    assert "NOR passes VER for P2." in told
    assert told[-1] == "PIA wins the race for McLaren."
    named = {part.get("subject", part.get("passed")) for value in found.highlights.values() for part in value["basis"]}
    assert {"NOR", "VER"} <= named


def _passing(place: int) -> tuple[Any, Any]:
    from features.core.event_context import EventContext
    from features.core.frames import Roster
    from features.f1.ledger import Ledger

    roster = Roster.of([("A", 0, "car"), ("B", 1, "car")], ("red", "blue"))
    ledger = Ledger(players=2)
    ledger.cars[0].place, ledger.cars[1].place = place + 1, place
    ledger.shown.tokens = ledger.said.tokens = -1.0
    nan = float("nan")
    moment = EventContext(
        id="e",
        type="overtake_attempt",
        t_s=100.0,
        period=1,
        team=0,
        player=0,
        x_m=nan,
        y_m=nan,
        end_x_m=nan,
        end_y_m=nan,
        outcome="complete",
        attack=0,
        attrs={"target": "B"},
        roster=roster,
    )
    return moment, ledger


def test_a_pass_for_the_lead_is_always_on_air_and_another_when_there_is_room() -> None:
    from features.f1 import SPORT

    stats = [SPORT.stat(name) for name in ("game.highlight", "game.story")]
    for_the_lead, another = _passing(1), _passing(4)
    clip, told = (stat.compute(*for_the_lead) for stat in stats)
    assert (clip["label"], told["topic"]) == ("overtake", "overtake_lead")
    assert told["en"] == "A passes B and leads the race."
    assert told["basis"][1:] == [{"stat": "f1.car.position", "subject": "A", "value": 1.0}, {"passed": "B"}]
    assert [stat.compute(*another) for stat in stats] == [None, None]
    another[1].shown.tokens = another[1].said.tokens = 2.0
    another[1].shown.last_s = another[1].said.last_s = -1000.0
    assert stats[1].compute(*another)["en"] == "A passes B for P4."
