"""Sentences and highlights of a soccer match."""

from __future__ import annotations

import json
import re
import string
from typing import Any

import numpy as np
import pytest
from soccer_events import PLAYERS, event, fold, shot, standing

from features import highlights, story
from features.moments import Moment
from features.soccer import SPORT
from features.soccer.ledger import Ledger
from features.soccer.phrases import GOALS, OPPONENTS, PHRASES
from features.soccer.phrases import PLAYERS as PLAYERS_WORD
from features.soccer.story import line_of

STORY, HIGHLIGHT = SPORT.stat("game.story"), SPORT.stat("game.highlight")


def started(*moments: Moment) -> Ledger:
    return fold([event("period_start", 0.0), *moments])


def told(moment: Moment, ledger: Ledger) -> dict[str, str]:
    value = STORY.compute(moment, ledger)
    assert isinstance(value, str)
    return story.from_value(value)


def test_a_goal_in_four_languages() -> None:
    said = told(shot(60.0, 0, 9, 0.234, "goal"), started(shot(30.0, 1, 20, 0.1, "goal")))
    assert said == {
        "en": "Goal! Home 9 scores for Northside: Northside 1–1 Southgate. The chance was worth 0.23 xGoals.",
        "de": "Tor! Home 9 trifft für Northside: Northside gegen Southgate 1:1. Die Chance war 0,23 xGoals wert.",
        "ru": "Гол! Home 9 забивает, «Northside» празднует: «Northside» — «Southgate» 1:1. "
        "Оценка момента — 0,23 xGoals.",
        "es": "¡Gol! Home 9 marca para Northside: Northside 1-1 Southgate. La ocasión valía 0,23 xGoals.",
    }


def test_counted_words_follow_their_number() -> None:
    def opponents(n: int) -> dict[str, str]:
        fast = event(
            "pass", 9.0, 0, 5, at=(0.0, 0.0), end=(30.0, 0.0), outcome="complete",
            facts={"soccer.pass.opponents_bypassed": float(n)},
        )  # fmt: skip
        return told(fast, started())

    assert opponents(7)["ru"] == "Home 5 одной передачей отсекает 7 соперников."
    assert opponents(8)["en"] == "Home 5 takes 8 opponents out of the game with one pass."
    assert opponents(9)["es"] == "Home 5 supera a 9 rivales con un solo pase."
    off = event("card", 50.0, 1, 13, card="red")
    first = told(off, started())
    assert first["de"] == "Platzverweis für Away 2: Southgate muss mit 10 Spielern weiterspielen."
    assert first["ru"] == "Удаление, поле покидает Away 2: в команде «Southgate» остаётся 10 игроков."
    assert told(off, started(event("card", 20.0, 1, 14, card="red")))["en"].endswith("go on with 9 players.")


CASES: dict[str, tuple[Moment, list[Moment]]] = {
    "goal": (shot(60.0, 0, 9, 0.2, "goal"), []),
    "goal_unlikely": (shot(60.0, 0, 9, 0.04, "goal"), []),
    "goal_plain": (event("shot", 60.0, 0, 9, outcome="goal"), []),
    "own_goal": (event("own_goal", 60.0, 0, 3), []),
    "red_card": (event("card", 60.0, 0, 3, card="second_yellow"), []),
    "chance_saved": (shot(60.0, 0, 9, 0.45, "saved", facts_keeper=11), []),
    "chance_missed": (shot(60.0, 0, 9, 0.45, "off_target"), []),
    "keeper": (shot(60.0, 0, 9, 0.25, "saved", facts_keeper=11), [shot(5.0, 0, 9, 0.9, "saved", keeper="a0")]),
    "team_xgoals": (shot(60.0, 0, 9, 0.2, "off_target"), [shot(5.0, 0, 9, 0.85, "off_target")]),
    "shot_speed": (shot(60.0, 0, 9, 0.02, "saved", facts_speed=32.0), []),
    "packing": (event("pass", 60.0, 0, 9, outcome="complete", facts={"soccer.pass.opponents_bypassed": 7.0}), []),
    "pass_unlikely": (
        event("pass", 60.0, 0, 9, outcome="complete", facts={"soccer.pass.completion_probability": 0.11}), [],
    ),
    "top_speed": (event("recovery", 60.0, 0, 9, facts={"fastest": 17, "fastest_mps": 9.7}), []),
    "half_time": (event("period_end", 2700.0), [shot(60.0, 0, 9, 0.2, "goal")]),
    "full_time": (event("period_end", 5700.0, period=2), [event("period_start", 3000.0, period=2)]),
}  # fmt: skip
for _moment, _ in CASES.values():
    for _short, _fact in (("facts_keeper", "keeper"), ("facts_speed", "soccer.shot.speed")):
        if _short in _moment.attrs:
            _moment.facts[_fact] = _moment.attrs[_short]


@pytest.mark.parametrize("key", sorted(PHRASES))
def test_every_phrase_is_told_when_its_stat_crosses(key: str) -> None:
    moment, before = CASES[key]
    line = line_of(moment, started(*before))
    assert line is not None
    assert line[0] == key
    said = told(moment, started(*before))
    assert tuple(said) == story.LANGUAGES
    assert len(set(said.values())) == 4
    for text in said.values():
        assert not re.search(r"[{}]|\bnan\b|\d\.\d.*\d,\d|None", text)
        assert text.endswith(".")


@pytest.mark.parametrize("key", sorted(PHRASES))
def test_a_phrase_names_the_same_things_in_every_language(key: str) -> None:
    def fields(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name} - {"team"}

    wanted = fields(PHRASES[key]["en"])
    assert tuple(PHRASES[key]) == story.LANGUAGES
    assert all(fields(template) == wanted for template in PHRASES[key].values())


def test_most_events_are_not_worth_a_word() -> None:
    ledger = started(shot(5.0, 0, 9, 0.6, "saved"))
    quiet = [
        event("pass", 60.0, 0, 5, outcome="complete", facts={"soccer.pass.opponents_bypassed": 6.0}),
        event("pass", 60.0, 0, 5, outcome="incomplete", facts={"soccer.pass.completion_probability": 0.1}),
        shot(60.0, 0, 9, 0.1, "off_target"),
        event("card", 60.0, 0, 3, card="yellow"),
        event("recovery", 60.0, 0, 9, facts={"fastest": 17, "fastest_mps": 8.0}),
        shot(9000.0, 0, 9, 0.76, "goal", period=5),
        event("tackle", 60.0),
    ]
    for moment in quiet:
        assert STORY.compute(moment, ledger) is None, moment
        assert HIGHLIGHT.compute(moment, ledger) is None, moment
    nameless = shot(60.0, 0, 9, 0.2, "goal")
    nameless.roster = None
    assert STORY.compute(nameless, ledger) is None


def test_plural_forms_are_there_for_every_language() -> None:
    for forms in (OPPONENTS, GOALS, PLAYERS_WORD):
        for language in story.LANGUAGES:
            assert {story.plural(n, language) for n in range(120)} == set(forms[language])


def test_the_fastest_is_found_in_the_frame_and_told_once() -> None:
    frames = standing({5: (0.0, 0.0)})
    top = np.full((11, PLAYERS), np.nan)
    top[:, 5], top[:, 17], top[:, 22] = 8.0, 9.6, 30.0  # the ball does not run
    frames.signals["top_speed"] = top
    ledger, runs = started(), []
    for t_s in (0.2, 0.3):
        moment = event("tackle", t_s, 0, 5, frames=frames, row=5)
        for step in SPORT.event_steps:
            if step.phase == "extract" and "tackle" in step.on:
                step.compute(moment)
        runs.append((STORY.compute(moment, ledger), HIGHLIGHT.compute(moment, ledger)))
        fold([moment], ledger)
    assert json.loads(runs[0][0])["en"].startswith("Away 6 of Southgate reaches 34.6 km/h")
    assert highlights.from_value(runs[0][1]).label == "top_speed"
    assert runs[1] == (None, None)


def cut(moment: Moment, *before: Moment) -> highlights.Highlight:
    value = HIGHLIGHT.compute(moment, started(*before))
    assert isinstance(value, str)
    return highlights.from_value(value)


def test_highlights_by_hand() -> None:
    goal = cut(shot(1000.0, 0, 9, 0.275, "goal"))
    assert (goal.start_s, goal.end_s, goal.label) == (988.0, 1014.0, "goal")
    assert goal.reasons[0] == "goal"
    assert set(goal.reasons) == {"goal", "xgoals", "win_probability"}
    # 1 - (1 - 0.8 x 0.5) (1 - 0.7) (1 - swing / 0.5)
    from features.soccer.match import swing

    moved = swing(shot(1000.0, 0, 9, 0.275, "goal"), started())
    assert goal.score == pytest.approx(1 - 0.6 * 0.3 * (1 - moved / 0.5), abs=1e-4)
    missed = cut(shot(1000.0, 0, 9, 0.275, "off_target"))
    assert (missed.score, missed.label, missed.reasons) == (0.4, "chance", ["xgoals"])
    assert cut(shot(1000.0, 0, 9, 0.275, "saved")).label == "save"
    assert cut(shot(5.0, 0, 9, 0.5, "saved")).start_s == 0.0  # not before the period
    assert cut(event("card", 100.0, 0, 3, card="red")).reasons == ["red_card", "win_probability"]


def test_a_highlight_lies_around_the_frame_not_the_reported_time() -> None:
    moment = shot(1000.0, 0, 9, 0.5, "saved", frames=standing({}), row=5)
    moment.offset_s = -1.25
    assert cut(moment).start_s == 1000.0 - 1.25 - 8.0


def test_a_goal_that_turns_the_match_late_beats_an_early_one() -> None:
    halves = [event("period_end", 2700.0), event("period_start", 3600.0, period=2)]
    late: Any = shot(6100.0, 0, 9, 0.1, "goal", period=2)
    assert cut(late, *halves).score > cut(shot(100.0, 0, 9, 0.1, "goal")).score
