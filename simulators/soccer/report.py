"""The engine's event rows as records: words for numbers, ids for rows."""

from __future__ import annotations

import numpy as np

from simulators.soccer.state import (
    ASSIST_NAMES, BODY_NAMES, CARD, CARD_NAMES, DRIBBLE, E_ASSIST, E_BODY, E_CARD, E_DELAY_S, E_EMITTED, E_END_X,
    E_END_Y, E_FLAGS, E_FRAME, E_HEIGHT, E_OTHER, E_OUTCOME, E_PHASE, E_SET_PIECE, E_SLOT, E_TARGET_X, E_TARGET_Y,
    E_TRUTH, E_TYPE, E_WHO, E_X, E_Y, EVENT_NAMES, FLAG_NAMES, FOUL, HEIGHT_NAMES, OUTCOME_NAMES, PASS, PERIOD_END,
    PERIOD_START, SET_PIECE_NAMES, SHOT, SUBSTITUTION, TACKLE, Floats,
)  # fmt: skip
from streaming.records import Event, GameRecord, Period

_OTHER_IS = {PASS: "receiver", SHOT: "keeper", SUBSTITUTION: "player_on", DRIBBLE: "opponent", TACKLE: "opponent", FOUL: "opponent"}


def event_of(record: GameRecord, period: Period, row: Floats, serial: int, step_us: int) -> Event:
    """One row as an event. It arrives after the coder's delay, and never before its outcome could be seen."""
    kind = int(row[E_TYPE])
    t_us = period.start_us + int(row[E_FRAME]) * step_us
    seen_us = period.start_us + int(row[E_EMITTED]) * step_us
    arrival_us = max(t_us + int(row[E_DELAY_S] * 1e6), seen_us + 100_000)
    attrs: dict[str, str | float | bool] = {}
    if kind in _OTHER_IS and row[E_OTHER] >= 0:
        attrs[_OTHER_IS[kind]] = record.entities[int(row[E_OTHER])].id
    for column, name, words in (
        (E_BODY, "body_part", BODY_NAMES), (E_SET_PIECE, "set_piece", SET_PIECE_NAMES), (E_PHASE, "phase", SET_PIECE_NAMES),
        (E_ASSIST, "assist", ASSIST_NAMES), (E_HEIGHT, "height", HEIGHT_NAMES), (E_CARD, "card", CARD_NAMES),
    ):  # fmt: skip
        if not np.isnan(row[column]):
            attrs[name] = words[int(row[column])]
    flags = int(row[E_FLAGS])
    for bit, name in enumerate(FLAG_NAMES):
        if flags >> bit & 1:
            attrs[name] = True
    if not np.isnan(row[E_TRUTH]):
        attrs["true_probability"] = float(row[E_TRUTH])
    if not np.isnan(row[E_TARGET_X]):
        attrs["target_x_m"], attrs["target_y_m"] = _metre(row[E_TARGET_X]), _metre(row[E_TARGET_Y])
    slot = int(row[E_SLOT])
    return Event(
        id=f"e{serial}",
        game=record.game,
        type=EVENT_NAMES[kind],
        t_us=t_us,
        period=period.number,
        team=None if slot < 0 else record.teams[0 if slot < 11 else 1].id,
        player=None if row[E_WHO] < 0 else record.entities[int(row[E_WHO])].id,
        x_m=None if kind in (PERIOD_START, PERIOD_END) else _metre(row[E_X]),
        y_m=None if kind in (PERIOD_START, PERIOD_END) else _metre(row[E_Y]),
        end_x_m=None if np.isnan(row[E_END_X]) else _metre(row[E_END_X]),
        end_y_m=None if np.isnan(row[E_END_Y]) else _metre(row[E_END_Y]),
        outcome=OUTCOME_NAMES[int(row[E_OUTCOME])],
        attrs=attrs,
        arrival_us=arrival_us,
    )


def _metre(value: float) -> float:
    return round(float(value), 3)
