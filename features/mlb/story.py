"""One sentence of a ball game that a commentator can read, when a stat has crossed a threshold; the most important comes first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from features import story
from features.facts import number, roster_of
from features.frames import Roster
from features.mlb.ground import FT_M, MPH_MPS
from features.mlb.ledger import Ledger, known, late, says_all, state_after
from features.mlb.phrases import PHRASES
from features.mlb.win import swing
from features.moments import Moment
from features.sport import EventStep, Stat
from features.story import Line, Number, Percent, Score, Spoken

UNLIKELY_STEAL: Final = 0.4
UNLIKELY_CATCH: Final = 0.5
HARD_MPS: Final = 103.0 * MPH_MPS
SWING: Final = 0.2
ON: Final = ("batted_ball", "fielded", "steal", "play", "game_end")


def line_of(moment: Moment, ledger: Ledger) -> Line | None:
    """Key and values of the first phrase that is worth saying; ``ledger`` is the account before the event."""
    roster = roster_of(moment)
    return next(_lines(moment, ledger, roster), None) if roster is not None else None


def tell(moment: Moment, ledger: Ledger) -> str | None:
    """The sentence in every language, as JSON; ``None`` when there is nothing to say."""
    return story.value(PHRASES, line_of(moment, ledger))


def _lines(moment: Moment, ledger: Ledger, roster: Roster) -> Iterator[Line]:
    if not (known(moment, ledger) or (moment.type in ("play", "game_end") and says_all(moment))):
        return
    runs = state_after(moment, ledger).runs if moment.type in ("play", "game_end") else ledger.runs
    who: dict[str, str | Spoken] = {"home": roster.team_names[0], "away": roster.team_names[1], "score": Score(runs[0], runs[1])}
    if moment.type == "game_end":
        yield "final", who
        return
    if moment.player < 0 or moment.team not in (0, 1):
        return
    who |= {"player": roster.names[moment.player], "team": roster.team_names[moment.team]}
    if moment.type == "play":
        if moment.outcome == "home_run":
            far = ledger.projected_m / FT_M
            yield ("home_run_far", {**who, "distance": Number(far)}) if far >= 350.0 else ("home_run", who)
        moved = abs(swing(moment, ledger))
        if moved >= SWING:
            yield "swing", {**who, "share": Percent(moved)}
    elif moment.type == "steal":
        chance = ledger.steal_chance
        if moment.outcome == "safe" and chance < UNLIKELY_STEAL:
            yield "stolen_unlikely", {**who, "share": Percent(max(chance, 0.01))}
        elif moment.outcome == "safe" and not late(moment, ledger):
            tried, stolen = ledger.tried[moment.team] + 1, ledger.stolen[moment.team] + 1
            yield "stolen", {**who, "tried": Number(tried), "stolen": Number(stolen)}
        elif moment.outcome == "out":
            yield "caught", who
    elif moment.type == "fielded" and moment.outcome == "caught":
        likely = number(moment.facts.get("mlb.fielder.catch_probability"))
        if likely < UNLIKELY_CATCH:
            yield "catch", {**who, "share": Percent(max(likely, 0.01))}
    elif moment.type == "batted_ball":
        found = moment.facts.get("batted")
        if isinstance(found, list) and found[0] >= HARD_MPS and found[0] > ledger.hardest_mps and not late(moment, ledger):
            yield "hard_hit", {**who, "speed": Number(found[0] / MPH_MPS, 1)}


def keep(moment: Moment, ledger: Ledger) -> None:
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
        "game.story", "text",
        "One sentence in en, de, ru and es (JSON by language) when a stat of this event crossed a threshold.",
        per="match", compute=tell, of_account=True, on=ON, air="commentary, subtitles",
    ),
)  # fmt: skip
