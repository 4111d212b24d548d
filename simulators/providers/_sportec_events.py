"""The events of a DFL match: every element is a chain (Event > Penalty > ShotAtGoal > SavedShot), whose attributes are read
together, the outer ones first. Withdrawn events (``Delete``) are left out; what the vocabulary has no word for is, too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.soccer.ledger import SHOOTOUT
from simulators.providers._files import metres, number
from simulators.providers._sportec_clock import Clock, Mark, number_of, read_clock
from simulators.providers._sportec_match import Match
from simulators.providers._stream import EVENT_DELAY_US
from simulators.providers._xml import document, instant_us, need
from streaming.errors import BadInput
from streaming.wire.records import Event

Attrs = dict[str, str | float | bool]

#: DFL's column -> our attr: never features, the reference of an agreement
REFERENCES = {
    "xG": "provider_xg", "DistanceToGoal": "provider_distance_m", "AngleToGoal": "provider_angle_deg",
    "GoalDistanceGoalkeeper": "provider_goal_distance_goalkeeper_m", "Pressure": "provider_pressure",
    "AmountOfDefenders": "provider_defenders", "PlayerSpeed": "provider_speed_kmh",
}  # fmt: skip
_BODY = {"leftLeg": "left_foot", "rightLeg": "right_foot", "head": "head"}
_ASSIST = {
    "cornerKick": "cross", "crossFromOpenPlay": "cross", "freeKick": "cross", "header": "pass", "throwIn": "pass",
    "longPassFromOpenPlay": "pass", "oneTwo": "pass", "otherPassFromOpenPlay": "pass", "teammateAction": "pass",
}  # fmt: skip
_BUILD_UP = {
    "cornerKick": "corner",
    "freeKick": "free_kick",
    "throwIn": "throw_in",
    "penalty": "penalty",
    "goalKick": "goal_kick",
}
#: outcomes of a shot; an OtherShot has none
_SHOTS = {
    "SuccessfulShot": "goal", "SavedShot": "saved", "BlockedShot": "blocked", "ShotWoodWork": "post", "ShotWide": "off_target",
    "OtherShot": "",
}  # fmt: skip
_SET_PIECES = {
    "ThrowIn": "throw_in", "GoalKick": "goal_kick", "Penalty": "penalty", "CornerKick": "corner", "KickOff": "kick_off",
    "FreeKick": "free_kick",
}  # fmt: skip
_GOOD = frozenset({"successfullyCompleted", "successful"})
_CARDS = {"yellow": "yellow", "yellowRed": "second_yellow", "red": "red"}


@dataclass(frozen=True)
class Raw:
    """One element: its id, time, the names of its chain from outside in, and their attributes together."""

    ident: str
    t_us: int
    chain: tuple[str, ...]
    attrs: dict[str, str]


def read_events(path: Path, match: Match, game: str) -> tuple[list[Event], Clock]:
    """The events in order of time, without the edges of periods, and the clock by the kick-offs and whistles."""
    raws = _raws(path)
    marks = []
    for raw in raws:
        section = raw.attrs.get("GameSection", "")
        if "FinalWhistle" in raw.chain:
            marks.append(Mark(raw.t_us, True, number_of(section, path) if section else 0))
        elif "KickOff" in raw.chain and section:
            left, right = raw.attrs.get("TeamLeft", ""), raw.attrs.get("TeamRight", "")
            marks.append(Mark(raw.t_us, False, number_of(section, path), left, right))
    play = [raw for raw in raws if "FinalWhistle" not in raw.chain]
    kicks = [(raw.t_us, raw.attrs.get("Team", "")) for raw in play if "Penalty" in raw.chain and "ShotAtGoal" in raw.chain]
    others = [raw.t_us for raw in play if "Penalty" not in raw.chain]
    home, away = (team.id for team in match.teams)
    clock = read_clock(marks, others, kicks, (home, away), path)
    team_of = {one.id: one.team for one in match.entities}
    first_us = next(iter(clock.start_us.values()))
    events = []
    for at, raw in enumerate(play):
        if raw.t_us < first_us:  # before the match
            continue
        found = _kind(raw, team_of, path)
        if found is None:
            continue
        kind, outcome, team, player, attrs = found
        period = clock.period_at(raw.t_us)
        if "KickOff" in raw.chain and raw.attrs.get("GameSection"):
            period = number_of(raw.attrs["GameSection"], path)
        if period == SHOOTOUT and kind == "shot":
            attrs["set_piece"] = "penalty"
        x, y = _place(raw, "X", path), _place(raw, "Y", path)
        end = _received(play, at, clock, path) if kind == "pass" and outcome == "complete" else (float("nan"),) * 2
        if end[0] == end[0]:
            attrs["end_is"] = "arrival"
        events.append(
            Event(
                id=raw.ident,
                game=game,
                type=kind,
                t_us=raw.t_us,
                period=period,
                team=team,
                player=player,
                x_m=metres(x - match.length_m / 2),
                y_m=metres(y - match.width_m / 2),
                end_x_m=metres(end[0] - match.length_m / 2),
                end_y_m=metres(end[1] - match.width_m / 2),
                outcome=outcome,
                attrs=attrs,
                arrival_us=raw.t_us + EVENT_DELAY_US,
            )
        )
    return events, clock


def _raws(path: Path) -> list[Raw]:
    found: dict[str, Raw] = {}
    withdrawn = set()
    for element in document(path).iter("Event"):
        ident = need(element, "EventId", path)
        chain, attrs, at = [], dict(element.attrib), element
        while len(at):
            at = at[0]
            chain.append(at.tag)
            attrs = dict(at.attrib) | attrs  # the outer ones count
        if "Delete" in chain:
            withdrawn.add(ident)
            continue
        raw = Raw(ident, instant_us(need(element, "EventTime", path), path, "EventTime"), tuple(chain), attrs)
        if found.setdefault(ident, raw) != raw:
            raise BadInput(f"{path} has two events with the EventId {ident!r}")
    kept = [raw for raw in found.values() if raw.ident not in withdrawn]
    if not kept:
        raise BadInput(f"{path} holds no events of a match")
    return sorted(kept, key=lambda raw: raw.t_us)


def _place(raw: Raw, axis: str, path: Path) -> float:
    """In metres from the corner: tracked where present, else as it was clicked."""
    for name in (f"{axis}-PositionFromTracking", f"{axis}-Position"):
        value = number(raw.attrs.get(name), path, name)
        if value == value:
            return value
    return float("nan")


def _received(play: list[Raw], at: int, clock: Clock, path: Path) -> tuple[float, float]:
    """Where a pass arrived: where what happened next in its period began."""
    if at + 1 == len(play) or clock.period_at(play[at + 1].t_us) != clock.period_at(play[at].t_us):
        return (float("nan"),) * 2
    after = play[at + 1]
    x, y = (number(after.attrs.get(f"{axis}-Source-Position"), path, f"{axis}-Source-Position") for axis in "XY")
    return (x, y) if x == x and y == y else (_place(after, "X", path), _place(after, "Y", path))


Found = tuple[str, str, str | None, str | None, Attrs]


def _kind(raw: Raw, team_of: dict[str, str | None], path: Path) -> Found | None:
    """Our type, outcome, team, player and attrs; None for what the vocabulary has no word for."""
    chain, attrs = raw.chain, raw.attrs
    last = chain[-1] if chain else ""
    team, player = attrs.get("Team") or None, attrs.get("Player") or None
    if "OwnGoal" in chain:
        # reported for the team of the player who did it, whichever team the element names
        return "own_goal", "", team_of.get(player or "") or team, player, {}
    if last in _SHOTS:
        return "shot", _SHOTS[last], team, player, _shot(raw, path)
    if last in ("Pass", "Cross"):
        good = attrs.get("Evaluation") in _GOOD
        return "pass", "complete" if good else "incomplete", team, player, _pass(raw, good)
    if last == "Foul":
        return "foul", "", attrs.get("TeamFouler") or None, attrs.get("Fouler") or None, {}
    if last == "Caution":
        colour = attrs.get("CardColor", "")
        return "card", "", team, player, {"card": _CARDS[colour]} if colour in _CARDS else {}
    if last == "Substitution":
        on = attrs.get("PlayerIn")
        return "substitution", "", team, attrs.get("PlayerOut") or None, {"player_on": on} if on else {}
    if "Winner" in attrs:
        team, player = attrs.get("WinnerTeam") or None, attrs["Winner"] or None
        if attrs.get("WinnerResult") == "dribbledAround":
            return "dribble", "complete", team, player, {}
        fought = attrs.get("Type") == "ground" and attrs.get("WinnerRole") == "withoutBallControl"
        return "tackle" if fought else "duel", "won", team, player, {}
    if last == "BallClaiming":
        return ("interception" if attrs.get("Type") == "InterceptedBall" else "recovery"), "", team, player, {}
    if attrs.get("DefensiveClearance") == "true":
        return "clearance", "", team, player, {}
    return ("offside", "", team, player, {}) if last == "Offside" else None


def _shot(raw: Raw, path: Path) -> Attrs:
    attrs: Attrs = {}
    for column, name in REFERENCES.items():
        value = number(raw.attrs.get(column), path, column)
        if value == value:
            attrs[name] = value
    if raw.attrs.get("TypeOfShot"):
        attrs["body_part"] = _BODY.get(raw.attrs["TypeOfShot"], "other")
    if raw.attrs.get("BuildUp"):
        attrs["phase"] = _BUILD_UP.get(raw.attrs["BuildUp"], "open_play")
    rebound = "rebound" in raw.attrs.get("TakerSetup", "")
    attrs["assist"] = "rebound" if rebound else _ASSIST.get(raw.attrs.get("AssistAction", ""), "none")
    if raw.attrs.get("TakerBallControl"):
        attrs["first_time"] = raw.attrs["TakerBallControl"] in ("direct", "volley")
    if "olley" in raw.attrs.get("ExtendedTypeOfShot", "") or raw.attrs.get("TakerBallControl") == "volley":
        attrs["technique"] = "volley"
    if raw.attrs.get("GoalKeeper"):
        attrs["keeper"] = raw.attrs["GoalKeeper"]
    return attrs | _set_piece(raw)


def _pass(raw: Raw, good: bool) -> Attrs:
    attrs: Attrs = {"height": "high" if raw.attrs.get("Height") == "high" else "ground"} if raw.attrs.get("Height") else {}
    if good and raw.attrs.get("Recipient"):
        attrs["receiver"] = raw.attrs["Recipient"]
    if raw.chain[-1] == "Cross":
        attrs["cross"] = True
    if raw.attrs.get("Direction") == "throughBall":
        attrs["through_ball"] = True
    return attrs | _set_piece(raw)


def _set_piece(raw: Raw) -> Attrs:
    return next(({"set_piece": word} for name, word in _SET_PIECES.items() if name in raw.chain), {})
