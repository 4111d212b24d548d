"""One sentence of a ball game that a commentator can read. Every run goes on air; the rest as there is room, and as
it has not been on air lately."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Counted, Localised, Number, Percent, Score, Sentence
from features.common.highlights import ramp
from features.core.event_context import EventContext
from features.core.facts import number, roster_of
from features.core.frames import Roster
from features.core.sport import EventStep, Stat
from features.mlb.counts import HIT, STRUCK_OUT
from features.mlb.diamond import FT_M, MPH_MPS
from features.mlb.game import swing
from features.mlb.highlights import runs_in
from features.mlb.ledger import SENTENCES, Ledger, is_complete, known, late, played_s, state_after
from features.mlb.templates import RUNS, TEMPLATES

UNLIKELY_STEAL: Final = 0.4
UNLIKELY_CATCH: Final = 0.5
HARD_MPS: Final = 103.0 * MPH_MPS
SWING: Final = 0.15
LOADED: Final = 7
#: innings without a hit, and strikeouts of a pitcher, that are worth a word
NO_HITS: Final = 3
STRIKEOUTS: Final = 4
EVENTS: Final = ("batted_ball", "fielded", "steal", "play", "half_end", "game_end")

Fields = dict[str, str | Localised]


def offers_of(event: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could go on air; ``ledger`` is the account before it."""
    roster = roster_of(event)
    return list(_offers(event, ledger, roster)) if roster is not None else []


def render(event: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when no sentence goes on air."""
    return commentary.value(TEMPLATES, offers_of(event, ledger), ledger.said, SENTENCES, played_s(ledger))


def _offers(event: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    if not (known(event, ledger) or (event.type in ("play", "game_end") and is_complete(event))):
        return
    after = state_after(event, ledger) if event.type in ("play", "half_end", "game_end") else None
    runs = after.runs if after is not None else ledger.runs
    fields: Fields = {"home": roster.team_names[0], "away": roster.team_names[1], "score": Score(runs[0], runs[1])}
    source, score = basis.of_event(event), basis.of_stat("mlb.game.score", "match", runs, "count")
    if event.type == "game_end":
        yield Sentence("final", fields, 0.9, [source, score], True)
    elif event.type == "half_end" and after is not None:
        if after.half == 1 and after.inning % 3 == 0:
            yield Sentence("inning", {**fields, "inning": Number(after.inning)}, 0.35, [source, score])
        side = 1 if after.half == 0 else 0
        fields |= {"team": roster.team_names[side], "inning": Number(after.inning)}
        if not late(event, ledger) and after.inning >= NO_HITS and not ledger.sides[side][HIT]:
            none = basis.of_stat("mlb.team.hits", basis.team_of(event, side), 0.0, "count")
            yield Sentence("no_hits", fields, 0.4 + 0.05 * after.inning, [source, none])
        if known(event, ledger) and ledger.bases == LOADED:
            yield Sentence("left_loaded", fields, 0.45, [source])
    elif event.type == "play":
        yield from _play(event, ledger, roster, fields, [source, score])
    elif event.player >= 0 and event.team in (0, 1):
        yield from _single(event, ledger, fields | {"player": roster.names[event.player], "team": roster.team_names[event.team]})


def _play(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields, rests: list[dict[str, Any]]) -> Iterator[Sentence]:
    scored = runs_in(event, ledger)
    named = event.player >= 0 and event.team in (0, 1)
    if named:
        fields |= {"player": roster.names[event.player], "team": roster.team_names[event.team]}
    if event.outcome == "home_run" and named:
        far = ledger.projected_m / FT_M
        if far >= 350.0:
            distance = basis.of_stat("mlb.batted_ball.projected_distance", basis.player_of(event), ledger.projected_m, "ft")
            yield Sentence("home_run_far", {**fields, "distance": Number(far)}, 0.95, [*rests, distance], True)
        else:
            yield Sentence("home_run", fields, 0.95, rests, True)
    elif any(scored):
        side = 0 if scored[0] else 1
        yield Sentence("run", {**fields, "team": roster.team_names[side], "runs": Counted(scored[side], RUNS)}, 0.85, rests, True)
    moved = abs(swing(event, ledger))
    if moved >= SWING:
        yield Sentence("swing", {**fields, "share": Percent(moved)}, 0.4 + moved, rests)
    if not named:
        return
    after = state_after(event, ledger)
    if known(event, ledger) and after.bases == LOADED and ledger.bases != LOADED and after.outs < 3:
        yield Sentence("loaded", {**fields, "outs": Number(after.outs)}, 0.5, rests[:1])
    if event.outcome in ("double_play", "triple", "double"):
        yield Sentence(event.outcome, fields, 0.35 if event.outcome == "double" else 0.5, rests[:1])
    pitcher = ledger.last_pitcher
    if event.outcome == "strikeout" and 0 <= pitcher < ledger.players and not late(event, ledger):
        n = ledger.pitched[pitcher][STRUCK_OUT] + 1
        if n >= STRIKEOUTS:
            values = {**fields, "pitcher": roster.names[pitcher], "n": Number(n)}
            counted = basis.of_stat("mlb.pitcher.strikeouts", roster.ids[pitcher], float(n), "count")
            yield Sentence("strikeouts", values, 0.3 + 0.05 * (n - STRIKEOUTS), [rests[0], counted])


def _single(event: EventContext, ledger: Ledger, fields: Fields) -> Iterator[Sentence]:
    source, player = basis.of_event(event), basis.player_of(event)
    if event.type == "steal":
        chance = ledger.steal_chance
        if event.outcome == "safe":
            if chance < UNLIKELY_STEAL:
                rests = [source, basis.of_stat("mlb.runner.steal_probability_at_release", player, chance, "0..1")]
                yield Sentence("stolen_unlikely", {**fields, "share": Percent(max(chance, 0.01))}, 0.6, rests)
            if late(event, ledger):
                return
            tried, stolen = ledger.tried[event.team] + 1, ledger.stolen[event.team] + 1
            yield Sentence("stolen", {**fields, "tried": Number(tried), "stolen": Number(stolen)}, 0.45, [source])
        elif event.outcome == "out":
            yield Sentence("caught", fields, 0.5, [source])
    elif event.type == "fielded" and event.outcome == "caught":
        likely = number(event.facts.get("mlb.fielder.catch_probability"))
        if likely < UNLIKELY_CATCH:
            rests = [source, basis.of_stat("mlb.fielder.catch_probability", player, likely, "0..1")]
            yield Sentence("catch", {**fields, "share": Percent(max(likely, 0.01))}, 0.4 + 0.4 * (1.0 - likely), rests)
    elif event.type == "batted_ball":
        found = event.facts.get("batted")
        if isinstance(found, list) and found[0] >= HARD_MPS and found[0] > ledger.hardest_mps and not late(event, ledger):
            rests = [source, basis.of_stat("mlb.batted_ball.exit_velocity", player, found[0], "mph")]
            strength = 0.35 + 0.3 * ramp(found[0], HARD_MPS, 115.0 * MPH_MPS)
            yield Sentence("hard_hit", {**fields, "speed": Number(found[0] / MPH_MPS, 1)}, strength, rests)


def update_commentary(event: EventContext, ledger: Ledger) -> None:
    """What later sentences tell of: how far the ball was hit, and what chance the runner had."""
    if event.type == "batted_ball":
        ledger.projected_m = number(event.facts.get("mlb.batted_ball.projected_distance"))
    elif event.type == "release":
        ledger.steal_chance = number(event.facts.get("mlb.runner.steal_probability_at_release"))
    elif event.type == "pitch":
        ledger.projected_m = float("nan")
    elif event.type == "set":
        ledger.steal_chance = float("nan")


EVENT_STEPS: Final = (
    EventStep("commentary.update", update_commentary, on=("batted_ball", "release", "pitch", "set"), phase="apply"),
)
STATS: Final = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: every run, and what else is worth saying, "
        "as much as a game has room for.",
        per="match",
        compute=render,
        depends_on_ledger=True,
        on=EVENTS,
        on_screen_name="commentary, subtitles",
    ),
)
