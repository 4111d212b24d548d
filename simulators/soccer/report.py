"""The engine's event rows as records: words for numbers, ids for rows."""

from __future__ import annotations

import numpy as np

from simulators.soccer import state as st
from simulators.soccer.state import Floats
from streaming.wire.records import Event, GameRecord, Period

#: what the second person of an event is called
_OTHER_IS = {
    st.PASS: "receiver", st.SHOT: "keeper", st.SUBSTITUTION: "player_on",
    st.DRIBBLE: "opponent", st.TACKLE: "opponent", st.FOUL: "opponent",
}  # fmt: skip
_ENUMS = (
    (st.E_BODY, "body_part", st.BODY_NAMES), (st.E_SET_PIECE, "set_piece", st.SET_PIECE_NAMES),
    (st.E_PHASE, "phase", st.SET_PIECE_NAMES), (st.E_ASSIST, "assist", st.ASSIST_NAMES),
    (st.E_HEIGHT, "height", st.HEIGHT_NAMES), (st.E_CARD, "card", st.CARD_NAMES),
)  # fmt: skip


def event_of(record: GameRecord, period: Period, row: Floats, serial: int, step_us: int) -> Event:
    """One row as an event. It arrives after the coder's delay, and never before its outcome could be seen."""
    kind = int(row[st.E_TYPE])
    t_us = period.start_us + int(row[st.E_FRAME]) * step_us
    seen_us = period.start_us + int(row[st.E_EMITTED]) * step_us
    arrival_us = max(t_us + int(row[st.E_DELAY_S] * 1e6), seen_us + 100_000)
    attrs: dict[str, str | float | bool] = {}
    if kind in _OTHER_IS and row[st.E_OTHER] >= 0:
        attrs[_OTHER_IS[kind]] = record.entities[int(row[st.E_OTHER])].id
    for column, name, names in _ENUMS:
        if not np.isnan(row[column]):
            attrs[name] = names[int(row[column])]
    flags = int(row[st.E_FLAGS])
    for bit, name in enumerate(st.FLAG_NAMES):
        if flags >> bit & 1:
            attrs[name] = True
    if not np.isnan(row[st.E_TRUTH]):
        attrs["true_probability"] = float(row[st.E_TRUTH])
    if not np.isnan(row[st.E_TARGET_X]):
        attrs["target_x_m"], attrs["target_y_m"] = _metre(row[st.E_TARGET_X]), _metre(row[st.E_TARGET_Y])
    slot = int(row[st.E_SLOT])
    return Event(
        id=f"e{serial}",
        game=record.game,
        type=st.EVENT_NAMES[kind],
        t_us=t_us,
        period=period.number,
        team=None if slot < 0 else record.teams[0 if slot < 11 else 1].id,
        player=None if row[st.E_WHO] < 0 else record.entities[int(row[st.E_WHO])].id,
        x_m=None if kind in (st.PERIOD_START, st.PERIOD_END) else _metre(row[st.E_X]),
        y_m=None if kind in (st.PERIOD_START, st.PERIOD_END) else _metre(row[st.E_Y]),
        end_x_m=None if np.isnan(row[st.E_END_X]) else _metre(row[st.E_END_X]),
        end_y_m=None if np.isnan(row[st.E_END_Y]) else _metre(row[st.E_END_Y]),
        outcome=st.OUTCOME_NAMES[int(row[st.E_OUTCOME])],
        attrs=attrs,
        arrival_us=arrival_us,
    )


def _metre(value: float) -> float:
    return round(float(value), 3)
