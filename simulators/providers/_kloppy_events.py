"""kloppy's event types as ours, in one table, and the events of a kloppy dataset as our events.

kloppy has one set of words for all its providers; what it drops of a provider's own is taken from the raw event where the score or
a model depends on it (own goals of Wyscout and DataFactory, the flags of a StatsBomb shot). A word that a dataset never uses says
nothing; one that it uses is "no" where it is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, Final

import numpy as np

from simulators.providers import _kloppy_statsbomb as statsbomb
from simulators.providers._files import metres
from simulators.providers._stream import EVENT_DELAY_US, Side
from streaming.wire.records import Event

Attrs = dict[str, str | float | bool]

#: kloppy's event type, then what narrows it (a result, a qualifier, or the name of a generic event) -> our type; "" is what our
#: vocabulary has no word for, and "*" whatever else there is
EVENT_TYPES: Final[dict[str, dict[str, str]]] = {
    "PASS": {"*": "pass"},
    "SHOT": {"OWN_GOAL": "own_goal", "*": "shot"},
    "TAKE_ON": {"*": "dribble"},
    "CARRY": {"*": "carry"},
    "CLEARANCE": {"*": "clearance"},
    "INTERCEPTION": {"*": "interception"},
    "DUEL": {"TACKLE": "tackle", "SLIDING_TACKLE": "tackle", "*": "duel"},
    "SUBSTITUTION": {"*": "substitution"},
    "CARD": {"*": "card"},
    "PLAYER_ON": {"*": ""},
    "PLAYER_OFF": {"*": ""},
    "RECOVERY": {"*": "recovery"},
    "MISCONTROL": {"*": "touch"},
    "BALL_OUT": {"*": "out"},
    "FOUL_COMMITTED": {"*": "foul"},
    "GOALKEEPER": {
        "SAVE": "save", "REFLEX": "save", "SAVE_ATTEMPT": "save", "CLAIM": "recovery", "PICK_UP": "recovery", "PUNCH": "clearance",
        "SMOTHER": "tackle", "*": "",
    },
    "PRESSURE": {"*": ""},
    "FORMATION_CHANGE": {"*": ""},
    "GENERIC": {
        "Offside": "offside", "offside": "offside", "offsides": "offside", "OFFSIDE": "offside", "Block": "block", "block": "block",
        "BLOCK": "block", "ball touch": "touch", "touch": "touch", "clearances": "clearance", "CHALLENGE": "duel",
        "acceleration": "carry", "*": "",
    },
}  # fmt: skip
OUTCOMES: Final[dict[str, dict[str, str]]] = {
    "pass": {"COMPLETE": "complete", "INCOMPLETE": "incomplete", "OUT": "out", "OFFSIDE": "offside"},
    "shot": {"GOAL": "goal", "OFF_TARGET": "off_target", "POST": "post", "BLOCKED": "blocked", "SAVED": "saved"},
    "dribble": {"COMPLETE": "complete", "INCOMPLETE": "incomplete", "OUT": "incomplete"},
    "carry": {"COMPLETE": "complete", "INCOMPLETE": "incomplete"},
    "duel": {"WON": "won", "LOST": "lost", "NEUTRAL": "neutral"},
    "tackle": {"WON": "won", "LOST": "lost", "NEUTRAL": "neutral"},
    "interception": {"SUCCESS": "won", "LOST": "lost", "OUT": "out"},
}
_CARDS: Final = {"FIRST_YELLOW": "yellow", "SECOND_YELLOW": "second_yellow", "RED": "red"}
_BODY: Final = {
    "RIGHT_FOOT": "right_foot",
    "LEFT_FOOT": "left_foot",
    "HEAD": "head",
    "HEAD_OTHER": "head",
    **dict.fromkeys(("OTHER", "KEEPER_ARM", "BOTH_HANDS", "CHEST", "LEFT_HAND", "RIGHT_HAND", "NO_TOUCH"), "other"),
}
_SET_PIECES: Final = {
    "GOAL_KICK": "goal_kick", "FREE_KICK": "free_kick", "THROW_IN": "throw_in", "CORNER_KICK": "corner", "PENALTY": "penalty",
    "KICK_OFF": "kick_off",
}  # fmt: skip
_DUELS: Final = {"AERIAL": "air", "GROUND": "ground", "LOOSE_BALL": "loose_ball"}
#: a pass type -> an attr and its value
_PASSES: Final[dict[str, tuple[str, str | bool]]] = {
    "CROSS": ("cross", True), "THROUGH_BALL": ("through_ball", True), "HIGH_PASS": ("height", "high"), "LAUNCH": ("height", "high"),
    "CHIPPED_PASS": ("height", "high"), "SIMPLE_PASS": ("height", "ground"), "HEAD_PASS": ("body_part", "head"),
}  # fmt: skip
#: so long before a period's start its clock may begin
_EARLY_US: Final = 60_000_000
#: a shot of the same team so soon after another is a rebound (as in the training table of StatsBomb's shots)
_REBOUND_US: Final = 5_000_000
_WYSCOUT_OWN_GOAL, _DATAFACTORY_OWN_GOAL = 102, 10
_AFTER_GOAL_US: Final = 10_000_000


class QualifierNames:
    """The qualifiers that a dataset uses at all, and whether it has both feet (Impect's loader calls every foot the right one)."""

    def __init__(self, events: Sequence[Any]) -> None:
        found = {(kind, name) for event in events for kind, name in _qualifiers(event)}
        self.kinds = {kind for kind, _ in found}
        self.cards = any(event.event_type.name == "CARD" for event in events)
        self.feet = ("BodyPart", "LEFT_FOOT") in found
        self.passes = {name for kind, name in found if kind == "Pass"}


def events_of(
    dataset: Any,
    game: str,
    players: Container[str],
    start_us: Mapping[int, int],
    place: Callable[[Any, Any], tuple[float, float]],
    notes: Counter[str],
) -> list[Event]:
    """The events of ``dataset`` in its order; ``players`` are the known ids, and an event by another player is its team's.

    ``place`` gives (x, y) in metres of a point of an event, NaN where unknown."""
    qualifiers, provider = QualifierNames(dataset.records), str(dataset.metadata.provider)
    teams = {str(team.team_id) for team in dataset.metadata.teams}
    out: dict[str, Event] = {}
    own: set[str] = set()
    goal: Event | None = None
    shot: Event | None = None
    for event in dataset.records:
        kind = _kind(event, provider, own, notes)
        t_us = start_us[event.period.id] + round(event.timestamp.total_seconds() * 1e6)
        period = _period_of(event, t_us, start_us)
        team = str(event.team.team_id) if event.team is not None and str(event.team.team_id) in teams else None
        if kind == "save" and goal is not None and goal.team != team and t_us - goal.t_us < _AFTER_GOAL_US:
            kind = ""  # the other side of the goal
        if not kind:
            continue
        result = getattr(getattr(event, "result", None), "name", "")
        outcome = OUTCOMES.get(kind, {}).get(result, "")
        attrs = _attrs(event, kind, outcome, qualifiers, provider)
        for name in ("receiver", "player_on"):
            if attrs.get(name, "") not in players:
                attrs.pop(name, None)
        player = str(event.player.player_id) if event.player is not None else ""
        x, y = place(event, event.coordinates)
        end = (np.nan, np.nan)
        if kind == "pass":
            end = place(event, event.receiver_coordinates)
        elif kind == "carry":
            end = place(event, getattr(event, "end_coordinates", None))
        if kind == "pass" and outcome and np.isfinite(end[0]):
            attrs["end_is"] = "arrival" if outcome == "complete" else "loss"
        made = Event(
            id=_ident(str(event.event_id), kind, out),
            game=game,
            type=kind,
            t_us=t_us,
            period=period,
            team=team,
            player=player if player in players and team else None,
            outcome=outcome,
            attrs=attrs,
            x_m=metres(x),
            y_m=metres(y),
            end_x_m=metres(end[0]),
            end_y_m=metres(end[1]),
            arrival_us=t_us + EVENT_DELAY_US,
        )
        out[made.id] = made
        goal = made if outcome == "goal" or kind == "own_goal" else goal
        if kind == "shot":
            if provider == "statsbomb":
                attrs["assist"] = "rebound" if _is_rebound(made, shot) else "unknown"
            shot = made
        card = _CARDS.get(_value(event, "Card")) if kind == "foul" and not qualifiers.cards else None
        if card:
            ident = _ident(str(event.event_id), "card", out)
            out[ident] = Event(
                id=ident,
                game=game,
                type="card",
                t_us=t_us,
                period=made.period,
                team=team,
                player=made.player,
                attrs={"card": card},
                arrival_us=made.arrival_us,
            )
    return list(out.values())


def _period_of(event: Any, t_us: int, start_us: Mapping[int, int]) -> int:
    """kloppy counts rows that Sportec appends later to the later period: long before its start, they are of the one before."""
    if t_us >= start_us[event.period.id] - _EARLY_US:
        return int(event.period.id)
    return max((number for number, start in start_us.items() if start <= t_us), default=min(start_us))


def _is_rebound(shot: Event, before: Event | None) -> bool:
    if before is None or (before.period, before.team) != (shot.period, shot.team):
        return False
    return shot.t_us - before.t_us <= _REBOUND_US


def _ident(ident: str, kind: str, taken: Mapping[str, Event]) -> str:
    """kloppy makes several events of one of the provider's and gives them one id."""
    for name in (ident, f"{ident}-{kind}"):
        if name not in taken:
            return name
    return next(f"{ident}-{kind}-{i}" for i in range(2, len(taken) + 3) if f"{ident}-{kind}-{i}" not in taken)


def _kind(event: Any, provider: str, own: set[str], notes: Counter[str]) -> str:
    """Our type; an own goal that kloppy takes for something else is one, once."""
    if _own_goal(event, provider):
        first = str(event.event_id).rpartition("-")[2] not in own
        own.add(str(event.event_id).rpartition("-")[2])
        return "own_goal" if first else ""
    name = event.event_type.name
    table = EVENT_TYPES.get(name)
    if table is None:
        notes[f"unknown word {name}"] += 1
        return ""
    if name == "GENERIC":
        return table.get(str(event.event_name), table["*"])
    narrow = [getattr(getattr(event, "result", None), "name", ""), *(value for _, value in _qualifiers(event))]
    return next((table[word] for word in narrow if word in table), table["*"])


def _own_goal(event: Any, provider: str) -> bool:
    raw = event.raw_event
    if not isinstance(raw, dict):
        return False
    if provider == "wyscout":
        return any(isinstance(tag, dict) and tag.get("id") == _WYSCOUT_OWN_GOAL for tag in raw.get("tags") or ())
    return provider == "datafactory" and raw.get("type") == _DATAFACTORY_OWN_GOAL and event.event_type.name == "SHOT"


def _qualifiers(event: Any) -> list[tuple[str, str]]:
    """(kind without "Qualifier", the value's name) of each."""
    found = []
    for qualifier in event.qualifiers or ():
        value = getattr(qualifier, "value", None)
        found.append((type(qualifier).__name__.removesuffix("Qualifier"), getattr(value, "name", str(value))))
    return found


def _value(event: Any, kind: str) -> str:
    return next((value for name, value in _qualifiers(event) if name == kind), "")


def _attrs(event: Any, kind: str, outcome: str, qualifiers: QualifierNames, provider: str) -> Attrs:
    attrs: Attrs = {}
    if kind in ("pass", "shot"):
        if "SetPiece" in qualifiers.kinds:
            attrs["set_piece"] = _SET_PIECES.get(_value(event, "SetPiece"), "open_play")
        part = _BODY.get(_value(event, "BodyPart"))
        if part:
            attrs["body_part"] = part if qualifiers.feet or part != "right_foot" else "foot"
        if "UnderPressure" in qualifiers.kinds:
            attrs["under_pressure"] = _value(event, "UnderPressure") == "True"
        if "CounterAttack" in qualifiers.kinds:
            attrs["counter"] = _value(event, "CounterAttack") == "True"
    if kind == "pass":
        for word in ("CROSS", "THROUGH_BALL"):
            if word in qualifiers.passes:
                attrs[_PASSES[word][0]] = False
        attrs |= dict(_PASSES[value] for name, value in _qualifiers(event) if name == "Pass" and value in _PASSES)
        if provider == "statsbomb":
            attrs |= statsbomb.of_a_pass(event.raw_event)
        if outcome == "complete" and event.receiver_player is not None:
            attrs["receiver"] = str(event.receiver_player.player_id)
    elif kind == "shot":
        for figure in getattr(event, "statistics", None) or ():
            if figure.name in ("xG", "PSxG") and figure.value is not None:
                attrs["provider_xg" if figure.name == "xG" else "provider_post_shot_xg"] = float(figure.value)
        if provider == "statsbomb":
            attrs |= statsbomb.of_a_shot(event.raw_event)
    elif kind == "card":
        card = _CARDS.get(getattr(getattr(event, "card_type", None), "name", ""))
        attrs |= {"card": card} if card else {}
    elif kind == "substitution" and getattr(event, "replacement_player", None) is not None:
        attrs["player_on"] = str(event.replacement_player.player_id)
    elif kind in ("duel", "tackle"):
        duel = next((_DUELS[value] for name, value in _qualifiers(event) if name == "Duel" and value in _DUELS), None)
        attrs |= {"duel": duel} if duel else {}
    return attrs


def direction_of(event: Any, home: str, attack: Mapping[int, Side]) -> int:
    """+1 where the team of an event attacks towards +x, -1 the other way, 0 when unknown."""
    if event.team is None:
        return 0
    return attack[event.period.id] * (1 if str(event.team.team_id) == home else -1)
