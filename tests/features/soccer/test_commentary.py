"""Sentences and highlights of a soccer match."""

from __future__ import annotations

import re
import string
from typing import Any

import numpy as np
import pytest

from features.common import commentary, highlights
from features.core.event_context import EventContext
from features.soccer import SPORT
from features.soccer.commentary import offers_of
from features.soccer.highlights import offer_of
from features.soccer.ledger import Ledger
from features.soccer.templates import GOALS, OPPONENTS, PASSES, SHOTS, TEMPLATES
from features.soccer.templates import PLAYERS as PLAYERS_WORD
from tests.features.soccer.events import PLAYERS, event, fold, shot, standing

STORY, HIGHLIGHT = SPORT.stat("game.story"), SPORT.stat("game.highlight")


def started(*moments: EventContext) -> Ledger:
    return fold([event("period_start", 0.0), *moments])


def told(moment: EventContext, ledger: Ledger) -> dict[str, str]:
    """The sentence, said after a long silence."""
    ledger.said.last_s = -3600.0
    value = STORY.compute(moment, ledger)
    assert isinstance(value, dict)
    return commentary.from_value(value)


def test_a_goal_in_four_languages() -> None:
    said = told(shot(60.0, 0, 9, 0.234, "goal"), started(shot(30.0, 1, 20, 0.1, "goal"), shot(31.0, 1, 20, 0.1, "goal")))
    assert said == {
        "en": "Goal! Home 9 scores for Northside: Northside 1–2 Southgate. The chance was worth 0.23 xGoals.",
        "de": "Tor! Home 9 trifft für Northside: Northside gegen Southgate 1:2. Die Chance war 0,23 xGoals wert.",
        "ru": "Гол! Home 9 забивает, «Northside» празднует: «Northside» — «Southgate» 1:2. Оценка момента — 0,23 xGoals.",
        "es": "¡Gol! Home 9 marca para Northside: Northside 1-2 Southgate. La ocasión valía 0,23 xGoals.",
    }


def test_counted_words_follow_their_number() -> None:
    def opponents(n: int) -> dict[str, str]:
        fast = event(
            "pass",
            9.0,
            0,
            5,
            at=(0.0, 0.0),
            end=(30.0, 0.0),
            outcome="complete",
            facts={"soccer.pass.opponents_bypassed": float(n)},
        )
        return told(fast, started())

    assert opponents(7)["ru"] == "Home 5 одной передачей отсекает 7 соперников."
    assert opponents(8)["en"] == "Home 5 takes 8 opponents out of the game with one pass."
    assert opponents(9)["es"] == "Home 5 supera a 9 rivales con un solo pase."
    off = event("card", 50.0, 1, 13, card="red")
    first = told(off, started())
    assert first["de"] == "Platzverweis für Away 2: Southgate muss mit 10 Spielern weiterspielen."
    assert first["ru"] == "Удаление, поле покидает Away 2: в команде «Southgate» остаётся 10 игроков."
    assert told(off, started(event("card", 20.0, 1, 14, card="red")))["en"].endswith("are down to 9 players.")


def passes(team: int, player: int, count: int, since_s: float, **more: Any) -> list[EventContext]:
    return [event("pass", since_s + n, team, player, outcome="complete", **more) for n in range(count)]


def several(count: int, kind: str, team: int, player: int, **more: Any) -> list[EventContext]:
    return [event(kind, 10.0 + 20.0 * n, team, player, **more) for n in range(count)]


GOAL = event("shot", 5.0, 1, 20, outcome="goal")
#: said of a match that was joined late, when nobody knows the score
LATE = {"goal_only", "goal_team_only", "own_goal_only", "penalty_only"}
CASES: dict[str, tuple[EventContext, list[EventContext]]] = {
    "goal": (shot(60.0, 0, 9, 0.2, "goal"), []),
    "goal_unlikely": (shot(60.0, 0, 9, 0.04, "goal"), []),
    "goal_plain": (event("shot", 60.0, 0, 9, outcome="goal"), []),
    "goal_team": (event("shot", 60.0, 0, outcome="goal"), []),
    "goal_only": (event("shot", 960.0, 0, 9, outcome="goal", set_piece="penalty"), []),
    "goal_team_only": (event("shot", 960.0, 0, outcome="goal"), []),
    "own_goal_only": (event("own_goal", 960.0, 0, 3), []),
    "penalty_only": (event("shot", 960.0, 0, 9, outcome="saved", set_piece="penalty"), []),
    "goal_penalty": (event("shot", 60.0, 0, 9, outcome="goal", set_piece="penalty"), []),
    "goal_equaliser": (event("shot", 60.0, 0, 9, outcome="goal"), [GOAL]),
    "goal_more": (event("shot", 60.0, 1, 20, outcome="goal"), [GOAL]),
    "goal_late": (
        event("shot", 5300.0, 1, 20, outcome="goal", period=2),
        [event("period_end", 2700.0), event("period_start", 3000.0, period=2)],
    ),
    "own_goal": (event("own_goal", 60.0, 0, 3), []),
    "own_goal_team": (event("own_goal", 60.0, 0), []),
    "red_card": (event("card", 60.0, 0, 3, card="second_yellow"), []),
    "red_card_team": (event("card", 60.0, 0, card="red"), []),
    "penalty_saved": (event("shot", 60.0, 0, 9, outcome="saved", set_piece="penalty"), []),
    "penalty_missed": (event("shot", 60.0, 0, 9, outcome="post", set_piece="penalty"), []),
    "first_card": (event("card", 60.0, 0, 3, card="yellow"), []),
    "yellow_card": (event("card", 60.0, 0, 3, card="yellow"), [event("card", 50.0, 1, 14, card="yellow")]),
    "chance_saved": (shot(60.0, 0, 9, 0.45, "saved", facts_keeper=11), []),
    "chance_missed": (shot(60.0, 0, 9, 0.45, "off_target"), []),
    "woodwork": (event("shot", 60.0, 0, 9, outcome="post"), []),
    "saved": (event("shot", 60.0, 0, 9, outcome="saved", keeper="a0", facts={"keeper": 11}), []),
    "saves": (
        event("shot", 600.0, 0, 9, outcome="saved", facts={"keeper": 11}),
        [shot(9.0 + n, n % 2, 9 + 9 * (n % 2), float("nan"), "saved", keeper=("a0", "h0")[n % 2]) for n in range(4)],
    ),
    "shots_run": (
        event("shot", 100.0, 0, 9, outcome="off_target"), [event("shot", n, 0, n, outcome="off_target") for n in (5, 6, 7)],
    ),
    "drought": (event("shot", 1500.0, 0, 9, outcome="off_target"), []),
    "first_on_target": (event("shot", 1500.0, 0, 9, outcome="saved"), [event("shot", 900.0, 0, 8, outcome="off_target")]),
    "shooter": (
        event("shot", 100.0, 0, 9, outcome="blocked"),
        [event("shot", 5.0 + n, n % 2, 9 + 11 * (n % 2), outcome="blocked") for n in range(6)],
    ),
    "shots_so_far": (
        event("shot", 100.0, 0, 4, outcome="blocked"),
        [event("shot", 5.0 + n, n % 2, 2 + n + 7 * (n % 2), outcome="blocked") for n in range(8)],
    ),
    "long_move": (event("shot", 60.0, 0, 9, outcome="blocked"), passes(0, 5, 12, 20.0)),
    "possession": (
        event("pass", 660.0, 0, 5, outcome="incomplete"), [m for k in range(10) for m in passes(0, 5, 6, 60.0 * k + 1)],
    ),
    "passes": (event("pass", 60.0, 0, 5, outcome="complete"), passes(0, 5, 59, 5.0)),
    "corners": (event("pass", 90.0, 0, 5, set_piece="corner"), several(4, "pass", 0, 5, set_piece="corner")),
    "offsides": (event("offside", 90.0, 0, 5), several(2, "offside", 0, 5)),
    "crosses": (event("pass", 300.0, 0, 5, cross=True), several(14, "pass", 0, 5, cross=True)),
    "fouls": (event("foul", 90.0, 0, 5), several(2, "foul", 0, 5)),
    "take_ons": (event("dribble", 90.0, 0, 5, outcome="complete"), several(2, "dribble", 0, 5, outcome="complete")),
    "interceptions": (event("interception", 300.0, 0, 5), several(7, "interception", 0, 5)),
    "substitution": (event("substitution", 90.0, 0, 5, player_on="h7"), []),
    "keeper": (shot(60.0, 0, 9, 0.25, "saved", facts_keeper=11), [shot(5.0, 0, 9, 0.9, "saved", keeper="a0")]),
    "team_xgoals": (shot(60.0, 0, 9, 0.2, "off_target"), [shot(5.0, 0, 9, 0.85, "off_target")]),
    "shot_speed": (shot(60.0, 0, 9, 0.02, "saved", facts_speed=32.0), []),
    "packing": (event("pass", 60.0, 0, 9, outcome="complete", facts={"soccer.pass.opponents_bypassed": 7.0}), []),
    "pass_unlikely": (
        event("pass", 60.0, 0, 9, outcome="complete", facts={"soccer.pass.completion_probability": 0.11}), [],
    ),
    "top_speed": (event("recovery", 60.0, 0, 9, facts={"fastest": 17, "fastest_mps": 9.7}), []),
    "half_time": (event("period_end", 2700.0), [shot(60.0, 0, 9, 0.2, "goal")]),
    "half_time_shots": (event("period_end", 2700.0), [shot(60.0, 0, 9, 0.2, "goal"), event("shot", 70.0, 1, 20, outcome="saved")]),
    "half_time_plain": (event("period_end", 2700.0), []),
    "full_time": (
        event("period_end", 5700.0, period=2), [shot(60.0, 0, 9, 0.2, "goal"), event("period_start", 3000.0, period=2)],
    ),
    "full_time_shots": (event("period_end", 5700.0, period=2), [GOAL, event("period_start", 3000.0, period=2)]),
    "shootout": (
        event("period_end", 9900.0, period=5),
        [event("shot", 9000.0 + n, n % 2, 9, outcome=("goal", "saved")[n % 2], period=5) for n in range(6)],
    ),
    "full_time_plain": (event("period_end", 5700.0, period=2), [event("period_start", 3000.0, period=2)]),
}  # fmt: skip
for _moment, _ in CASES.values():
    for _short, _fact in (("facts_keeper", "keeper"), ("facts_speed", "soccer.shot.speed")):
        if _short in _moment.attrs:
            _moment.facts[_fact] = _moment.attrs[_short]


@pytest.mark.parametrize("key", sorted(TEMPLATES))
def test_every_phrase_is_offered_when_it_is_true(key: str) -> None:
    moment, before = CASES[key]
    ledger = started(*before) if key not in LATE else fold([event("pass", 900.0, 0, 5)])
    offered = {offer.topic: offer for offer in offers_of(moment, ledger)}
    assert key in offered
    offer = offered[key]
    assert 0.0 < offer.strength <= 1.0
    assert offer.basis[0] == {"event": moment.id, "type": moment.type, "outcome": moment.outcome}
    said = commentary.render(TEMPLATES[key], offer.values)
    assert tuple(said) == commentary.LANGUAGES
    assert len(set(said.values())) == 4
    for text in said.values():
        assert not re.search(r"[{}]|\bnan\b|\d\.\d.*\d,\d|None", text)
        assert text.endswith(".")


def test_the_numbers_of_a_sentence_are_the_counts() -> None:
    def said(key: str) -> str:
        moment, before = CASES[key]
        offer = next(offer for offer in offers_of(moment, started(*before)) if offer.topic == key)
        return commentary.render(TEMPLATES[key], offer.values)["en"]

    assert said("saves") == "Away 0 denies Home 9: save number 3 of this match."
    assert said("shots_run") == "Only Northside are shooting: the last 4 shots have all been theirs."
    assert said("drought") == "Northside shoot for the first time in 25 minutes, through Home 9."
    assert said("shooter") == "Home 9 of Northside has had 4 shots by now, the most in this match."
    assert said("shots_so_far") == "Shots so far: Northside 5, Southgate 4."
    assert said("long_move") == "Northside string 12 passes together before Home 9 shoots."
    assert said("possession") == "Northside have played 100% of all passes over the last ten minutes."
    assert said("corners") == "Corner number 5 for Northside; Southgate have had 0."
    assert said("half_time_shots") == "Half-time: Northside 1–0 Southgate, shots 1 to 1."
    assert said("goal_more") == "Goal! Away 9 scores again for Southgate and has 2 goals in this match: Northside 0–2 Southgate."


@pytest.mark.parametrize("key", ["saves", "shots_run", "drought", "shooter", "corners", "fouls", "goal_more", "half_time_shots"])
def test_nothing_is_counted_of_a_match_that_was_joined_late(key: str) -> None:
    moment, before = CASES[key]
    late = fold([event("pass", 900.0, 0, 5), *before])
    assert not late.whole
    offered = offers_of(moment, late)
    assert key not in {offer.topic for offer in offered}
    assert not any("{score}" in TEMPLATES[offer.topic]["en"] for offer in offered)


def test_goals_and_what_else_must_go_on_air_do_so_at_once_and_the_rest_waits() -> None:
    always = ("goal", "own_goal", "red_card", "penalty", "half_time", "full_time", "shootout")
    must = {key for key in TEMPLATES if key.startswith(always)}
    for key, (moment, before) in CASES.items():
        ledger = started(*before) if key not in LATE else fold([event("pass", 900.0, 0, 5)])
        offer = next(offer for offer in offers_of(moment, ledger) if offer.topic == key)
        assert offer.must == (key in must), key
    ledger = started(event("shot", 59.0, 1, 20, outcome="goal"))
    assert told_now(CASES["goal_plain"][0], ledger) == "goal_equaliser"
    assert told_now(CASES["woodwork"][0], ledger) is None
    assert told_now(CASES["first_card"][0], ledger) is None


def told_now(moment: EventContext, ledger: Ledger) -> Any:
    value = STORY.compute(moment, ledger)
    return None if value is None else value["topic"]


def test_a_model_that_has_no_answer_makes_no_sentence_and_no_reason() -> None:
    for absent in (None, float("nan")):
        facts = dict.fromkeys(
            ("soccer.shot.xgoals", "soccer.pass.completion_probability", "soccer.pass.opponents_bypassed"), absent
        )
        for kind, outcome in (("shot", "saved"), ("shot", "goal"), ("pass", "complete"), ("shot", "off_target")):
            moment = event(kind, 60.0, 0, 9, outcome=outcome, facts=facts)
            offer = offer_of(moment, started())
            reasons = {} if offer is None else {k: v for k, v in offer.reasons.items() if v > 0.0}
            assert not {"xgoals", "unlikely_goal", "unlikely_pass"} & set(reasons)
            assert all(v == v for v in reasons.values())
            for said in offers_of(moment, started()):
                assert not any("xgoals" in str(part.get("stat")) or "completion" in str(part.get("stat")) for part in said.basis)
                assert said.topic not in ("goal", "goal_unlikely", "chance_saved", "chance_missed", "team_xgoals", "pass_unlikely")


@pytest.mark.parametrize("key", sorted(TEMPLATES))
def test_a_phrase_names_the_same_things_in_every_language(key: str) -> None:
    def fields(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name} - {"team"}

    wanted = fields(TEMPLATES[key]["en"])
    assert tuple(TEMPLATES[key]) == commentary.LANGUAGES
    assert all(fields(template) == wanted for template in TEMPLATES[key].values())


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
    for forms in (OPPONENTS, GOALS, PLAYERS_WORD, SHOTS, PASSES):
        for language in commentary.LANGUAGES:
            assert {commentary.plural(n, language) for n in range(120)} == set(forms[language])


def test_the_fastest_is_found_in_the_frame_and_on_air_once() -> None:
    frames = standing({5: (0.0, 0.0)})
    top = np.full((11, PLAYERS), np.nan)
    top[:, 5], top[:, 17], top[:, 22] = 8.0, 9.6, 30.0  # the ball does not run
    frames.signals["top_speed"] = top
    ledger, runs = started(), []
    ledger.said.last_s = ledger.shown.last_s = -3600.0
    for t_s in (0.2, 0.3):
        moment = event("tackle", t_s, 0, 5, frames=frames, row=5)
        for step in SPORT.event_steps:
            if step.phase == "extract" and "tackle" in step.on:
                step.compute(moment)
        runs.append((STORY.compute(moment, ledger), HIGHLIGHT.compute(moment, ledger)))
        fold([moment], ledger)
    assert runs[0][0]["en"].startswith("Away 6 of Southgate reaches 34.6 km/h")
    assert runs[0][0]["basis"][1] == {"stat": "soccer.player.top_speed", "subject": "a6", "value": 34.56}
    assert highlights.from_value(runs[0][1]).label == "top_speed"
    assert runs[1] == (None, None)


def cut(moment: EventContext, *before: EventContext) -> highlights.Highlight:
    ledger = started(*before)
    ledger.shown.last_s = -3600.0
    value = HIGHLIGHT.compute(moment, ledger)
    assert isinstance(value, dict)
    return highlights.from_value(value)


def test_highlights_by_hand() -> None:
    goal = cut(shot(1000.0, 0, 9, 0.325, "goal"))
    assert (goal.start_s, goal.end_s, goal.label) == (988.0, 1014.0, "goal")
    assert goal.reasons[0] == "goal"
    assert set(goal.reasons) == {"goal", "xgoals", "win_probability"}
    assert goal.basis == [
        {"event": "shot@1000.0", "type": "shot", "outcome": "goal"},
        {"stat": "soccer.shot.xgoals", "subject": "h9", "value": 0.325},
        {"stat": "soccer.match.score", "subject": "match", "value": [0.0, 0.0]},
    ]
    # 1 - (1 - 0.8 x 0.5) (1 - 0.7) (1 - swing / 0.5)
    from features.soccer.game import stake, swing

    moved = swing(shot(1000.0, 0, 9, 0.325, "goal"), started())
    assert goal.score == pytest.approx(1 - 0.6 * 0.3 * (1 - moved / 0.5), abs=1e-4)
    missed = shot(1000.0, 0, 9, 0.325, "off_target")
    at_stake = stake(missed, started())
    assert at_stake == pytest.approx(moved)
    assert cut(missed).score == pytest.approx(1 - 0.6 * (1 - 0.08) * (1 - 0.2 * (at_stake - 0.2) / 0.4), abs=1e-4)
    assert (cut(missed).label, cut(missed).reasons[0]) == ("chance", "xgoals")
    assert cut(shot(1000.0, 0, 9, 0.325, "saved")).label == "save"
    assert cut(shot(5.0, 0, 9, 0.5, "saved")).start_s == 0.0  # not before the period
    assert cut(event("card", 100.0, 0, 3, card="red")).reasons == ["red_card", "win_probability"]


def test_a_goal_is_a_highlight_after_any_other_and_of_any_scorer() -> None:
    ledger = started(*(shot(100.0 + n, n % 2, 9, 0.9, "saved") for n in range(5)))
    ledger.shown.tokens = 0.0
    for goal in (
        event("shot", 110.0, 0, 9, outcome="goal"),
        event("shot", 110.0, 1, outcome="goal"),
        event("own_goal", 110.0, 0, 3),
        event("own_goal", 110.0, 0),
        event("shot", 110.0, 0, 9, outcome="goal", set_piece="penalty"),
    ):
        value = HIGHLIGHT.compute(goal, ledger)
        assert value["label"] in ("goal", "own_goal")
        assert value["follows"]
        assert STORY.compute(goal, ledger)["topic"].split("_")[0] in ("goal", "own")
    assert HIGHLIGHT.compute(event("shot", 110.0, 0, 9, outcome="off_target"), ledger) is None


def test_a_highlight_lies_around_the_frame_not_the_reported_time() -> None:
    moment = shot(1000.0, 0, 9, 0.5, "saved", frames=standing({}), row=5)
    moment.offset_s = -1.25
    assert cut(moment).start_s == 1000.0 - 1.25 - 8.0


def test_a_goal_that_turns_the_match_late_beats_an_early_one() -> None:
    halves = [event("period_end", 2700.0), event("period_start", 3600.0, period=2)]
    late: Any = shot(6100.0, 0, 9, 0.1, "goal", period=2)
    assert cut(late, *halves).score > cut(shot(100.0, 0, 9, 0.1, "goal")).score


def test_most_of_the_passes_is_on_air_once_in_a_half_unless_it_changes_sides() -> None:
    def run(*ranges: tuple[int, int, int]) -> list[tuple[int, str]]:
        """(minute, team) of each sentence; ``ranges``: team, first and last minute in which it alone passes."""
        ledger, found = started(), []
        for team, first, last in ranges:
            for minute in range(first, last):
                for moment in passes(team, 5 + 10 * team, 8, 60.0 * minute + 1):
                    value = STORY.compute(moment, ledger)
                    if value is not None and value["topic"] == "possession":
                        found.append((minute, value["en"].split()[0]))
                    fold([moment], ledger)
        return found

    home = run((0, 0, 44))
    assert [team for _, team in home] == ["Northside"]
    both = run((0, 0, 22), (1, 22, 44))
    assert [team for _, team in both] == ["Northside", "Southgate"]
