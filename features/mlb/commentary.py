"""One sentence of a ball game that a commentator can read. Every run is told; the rest as there is room, and as it has not been
heard lately."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from features.common import basis, commentary
from features.common.commentary import Counted, Number, Percent, Score, Sentence, Spoken
from features.common.highlights import ramp
from features.core.event_context import EventContext
from features.core.facts import number, roster_of
from features.core.frames import Roster
from features.core.sport import EventStep, Stat
from features.mlb.counts import HIT, STRUCK_OUT
from features.mlb.diamond import FT_M, MPH_MPS
from features.mlb.game import swing
from features.mlb.highlights import runs_in
from features.mlb.ledger import SENTENCES, Ledger, known, late, played_s, says_all, state_after
from features.mlb.templates import PHRASES, RUNS

UNLIKELY_STEAL: Final = 0.4
UNLIKELY_CATCH: Final = 0.5
HARD_MPS: Final = 103.0 * MPH_MPS
SWING: Final = 0.15
LOADED: Final = 7
#: innings without a hit, and strikeouts of a pitcher, that are worth a word
NO_HITS: Final = 3
STRIKEOUTS: Final = 4
ON: Final = ("batted_ball", "fielded", "steal", "play", "half_end", "game_end")

Who = dict[str, str | Spoken]


def offers_of(moment: EventContext, ledger: Ledger) -> list[Sentence]:
    """Every sentence that is true of this event and could be said; ``ledger`` is the account before it."""
    roster = roster_of(moment)
    return list(_offers(moment, ledger, roster)) if roster is not None else []


def tell(moment: EventContext, ledger: Ledger) -> dict[str, Any] | None:
    """The sentence in every language; ``None`` when there is nothing to say."""
    return commentary.value(PHRASES, offers_of(moment, ledger), ledger.said, SENTENCES, played_s(ledger))


def _offers(moment: EventContext, ledger: Ledger, roster: Roster) -> Iterator[Sentence]:
    if not (known(moment, ledger) or (moment.type in ("play", "game_end") and says_all(moment))):
        return
    after = state_after(moment, ledger) if moment.type in ("play", "half_end", "game_end") else None
    runs = after.runs if after is not None else ledger.runs
    who: Who = {"home": roster.team_names[0], "away": roster.team_names[1], "score": Score(runs[0], runs[1])}
    event, score = basis.of_event(moment), basis.of_stat("mlb.game.score", "match", runs, "count")
    if moment.type == "game_end":
        yield Sentence("final", who, 0.9, [event, score], True)
    elif moment.type == "half_end" and after is not None:
        if after.half == 1 and after.inning % 3 == 0:
            yield Sentence("inning", {**who, "inning": Number(after.inning)}, 0.35, [event, score])
        side = 1 if after.half == 0 else 0
        who |= {"team": roster.team_names[side], "inning": Number(after.inning)}
        if not late(moment, ledger) and after.inning >= NO_HITS and not ledger.sides[side][HIT]:
            none = basis.of_stat("mlb.team.hits", basis.team_of(moment, side), 0.0, "count")
            yield Sentence("no_hits", who, 0.4 + 0.05 * after.inning, [event, none])
        if known(moment, ledger) and ledger.bases == LOADED:
            yield Sentence("left_loaded", who, 0.45, [event])
    elif moment.type == "play":
        yield from _play(moment, ledger, roster, who, [event, score])
    elif moment.player >= 0 and moment.team in (0, 1):
        yield from _single(moment, ledger, who | {"player": roster.names[moment.player], "team": roster.team_names[moment.team]})


def _play(moment: EventContext, ledger: Ledger, roster: Roster, who: Who, rests: list[dict[str, Any]]) -> Iterator[Sentence]:
    scored = runs_in(moment, ledger)
    named = moment.player >= 0 and moment.team in (0, 1)
    if named:
        who |= {"player": roster.names[moment.player], "team": roster.team_names[moment.team]}
    if moment.outcome == "home_run" and named:
        far = ledger.projected_m / FT_M
        if far >= 350.0:
            distance = basis.of_stat("mlb.batted_ball.projected_distance", basis.player_of(moment), ledger.projected_m, "ft")
            yield Sentence("home_run_far", {**who, "distance": Number(far)}, 0.95, [*rests, distance], True)
        else:
            yield Sentence("home_run", who, 0.95, rests, True)
    elif any(scored):
        side = 0 if scored[0] else 1
        yield Sentence("run", {**who, "team": roster.team_names[side], "runs": Counted(scored[side], RUNS)}, 0.85, rests, True)
    moved = abs(swing(moment, ledger))
    if moved >= SWING:
        yield Sentence("swing", {**who, "share": Percent(moved)}, 0.4 + moved, rests)
    if not named:
        return
    after = state_after(moment, ledger)
    if known(moment, ledger) and after.bases == LOADED and ledger.bases != LOADED and after.outs < 3:
        yield Sentence("loaded", {**who, "outs": Number(after.outs)}, 0.5, rests[:1])
    if moment.outcome in ("double_play", "triple", "double"):
        yield Sentence(moment.outcome, who, 0.35 if moment.outcome == "double" else 0.5, rests[:1])
    pitcher = ledger.last_pitcher
    if moment.outcome == "strikeout" and 0 <= pitcher < ledger.players and not late(moment, ledger):
        n = ledger.pitched[pitcher][STRUCK_OUT] + 1
        if n >= STRIKEOUTS:
            values = {**who, "pitcher": roster.names[pitcher], "n": Number(n)}
            counted = basis.of_stat("mlb.pitcher.strikeouts", roster.ids[pitcher], float(n), "count")
            yield Sentence("strikeouts", values, 0.3 + 0.05 * (n - STRIKEOUTS), [rests[0], counted])


def _single(moment: EventContext, ledger: Ledger, who: Who) -> Iterator[Sentence]:
    event, player = basis.of_event(moment), basis.player_of(moment)
    if moment.type == "steal":
        chance = ledger.steal_chance
        if moment.outcome == "safe":
            if chance < UNLIKELY_STEAL:
                rests = [event, basis.of_stat("mlb.runner.steal_probability_at_release", player, chance, "0..1")]
                yield Sentence("stolen_unlikely", {**who, "share": Percent(max(chance, 0.01))}, 0.6, rests)
            if late(moment, ledger):
                return
            tried, stolen = ledger.tried[moment.team] + 1, ledger.stolen[moment.team] + 1
            yield Sentence("stolen", {**who, "tried": Number(tried), "stolen": Number(stolen)}, 0.45, [event])
        elif moment.outcome == "out":
            yield Sentence("caught", who, 0.5, [event])
    elif moment.type == "fielded" and moment.outcome == "caught":
        likely = number(moment.facts.get("mlb.fielder.catch_probability"))
        if likely < UNLIKELY_CATCH:
            rests = [event, basis.of_stat("mlb.fielder.catch_probability", player, likely, "0..1")]
            yield Sentence("catch", {**who, "share": Percent(max(likely, 0.01))}, 0.4 + 0.4 * (1.0 - likely), rests)
    elif moment.type == "batted_ball":
        found = moment.facts.get("batted")
        if isinstance(found, list) and found[0] >= HARD_MPS and found[0] > ledger.hardest_mps and not late(moment, ledger):
            rests = [event, basis.of_stat("mlb.batted_ball.exit_velocity", player, found[0], "mph")]
            strength = 0.35 + 0.3 * ramp(found[0], HARD_MPS, 115.0 * MPH_MPS)
            yield Sentence("hard_hit", {**who, "speed": Number(found[0] / MPH_MPS, 1)}, strength, rests)


def keep(moment: EventContext, ledger: Ledger) -> None:
    """What later sentences tell of: how far the ball was hit, and what chance the runner had."""
    if moment.type == "batted_ball":
        ledger.projected_m = number(moment.facts.get("mlb.batted_ball.projected_distance"))
    elif moment.type == "release":
        ledger.steal_chance = number(moment.facts.get("mlb.runner.steal_probability_at_release"))
    elif moment.type == "pitch":
        ledger.projected_m = float("nan")
    elif moment.type == "set":
        ledger.steal_chance = float("nan")


EVENT_STEPS: Final = (EventStep("story.keep", keep, on=("batted_ball", "release", "pitch", "set"), phase="apply"),)
STATS: Final = (
    Stat(
        "game.story",
        "object",
        "One sentence in en, de, ru and es, with its topic, score and basis: every run, and what else is worth saying, "
        "as much as a game has room for.",
        per="match",
        compute=tell,
        depends_on_ledger=True,
        on=ON,
        on_screen_name="commentary, subtitles",
    ),
)
