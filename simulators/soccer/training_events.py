"""Training tables from simulated games: the same feature functions that run live, computed for every shot and pass.

The simulator returns its frames in one piece per period instead of packet by packet, which is some fifty times faster than
the operator and gives the same rows: positions are rounded to the float32 of the wire, and a test compares both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import HOME, Field, Floats, Frames, Roster
from features.soccer.passes import completion_features
from features.soccer.shots import moment_features, note, with_trail
from features.soccer.trail import TOUCHES, Trail
from models.training.training import Table
from simulators.soccer.game import Chunk, Match
from streaming.operator.roster import roster_of

#: rows computed by the engine at once
_CHUNK: Final = 2_000
#: frames on either side of an event that a feature may look at
_AROUND: Final = 25


@dataclass(frozen=True)
class _Target:
    """The event type of one model, its features, and the outcome that is a success."""

    event: str
    features: Callable[[EventContext], Floats | None]
    success: str


_TARGETS: Final[dict[str, _Target]] = {
    "xgoals": _Target("shot", moment_features, "goal"),
    "pass-completion": _Target("pass", completion_features, "complete"),
}


def event_table(
    model: str, seed: int, games: int, advance: Callable[[float], None] = lambda games: None, finishing: float = 0.0
) -> Table:
    """Rows of ``model`` from ``games`` whole matches with seeds ``seed``, ``seed + 1``, ...; labels are what happened, the
    simulator's true probability is kept beside them and never learnt from. ``finishing`` is that of the season
    (``simulators.soccer.truth``)."""
    target = _TARGETS[model]
    rows: list[Floats] = []
    label: list[float] = []
    truth: list[float] = []
    game: list[int] = []
    for number in range(seed, seed + games):
        for moment, row in feature_rows(model, Match(number, finishing=finishing)):
            if "true_probability" not in moment.attrs:
                continue
            rows.append(row)
            label.append(float(moment.outcome == target.success))
            truth.append(float(moment.attrs["true_probability"]))
            game.append(number)
        advance(1.0)
    source: dict[str, str | float | int] = {
        "source": "simulated soccer",
        "games": games,
        "first_seed": seed,
        "rows": len(rows),
    }
    return Table(np.array(rows), np.array(label), np.array(game, np.int64), source, truth=np.array(truth))


def feature_rows(model: str, match: Match, but: frozenset[str] = frozenset()) -> Iterator[tuple[EventContext, Floats]]:
    """Every event of the model with its features; ``but`` are ids of events to leave out, as if the feed had not had them."""
    target, trail = _TARGETS[model], Trail()
    led_by = TOUCHES if model == "xgoals" else frozenset[str]()
    for moment in moments(match, target.event, led_by):
        if moment.id in but:
            continue
        if moment.type == target.event:
            row = target.features(moment)
            if row is not None:
                if led_by:
                    row = with_trail(row, moment.attrs, trail, moment.t_s, moment.period, moment.team, moment.player)
                yield moment, row
        if led_by:
            note(trail, moment)


def moments(match: Match, event_type: str, also: frozenset[str] = frozenset()) -> Iterator[EventContext]:
    """Every event of a type, matched to the frame it happened in; those of the types ``also`` in between, without frames."""
    record = match.record
    roster = roster_of(record)
    teams = {team.id: i for i, team in enumerate(record.teams)}
    field = Field(record.length_m or 105.0, record.width_m or 68.0)
    chunks = match.chunks(_CHUNK)
    pending = next(chunks, None)
    for period in record.periods:
        parts: list[Chunk] = []
        while pending is not None and pending.t_us[0] <= period.end_us:
            parts.append(pending)
            pending = next(chunks, None)
        film = _Film(parts, record.t0_us, roster, field, period.number, period.home_attacks)
        # in the order of play, which is not that in which they were completed
        for event in sorted((event for part in parts for event in part.events), key=lambda event: (event.t_us, event.id)):
            if event.type not in (event_type, *also) or event.team is None:
                continue
            team = teams[event.team]
            row = int(np.searchsorted(film.t_us, event.t_us))
            first = max(0, row - _AROUND)
            seen = event.type == event_type
            nan = float("nan")
            yield EventContext(
                id=event.id,
                type=event.type,
                t_s=(event.t_us - record.t0_us) / 1e6,
                period=event.period,
                team=team,
                player=roster.index.get(event.player or "", -1),
                x_m=nan if event.x_m is None else event.x_m,
                y_m=nan if event.y_m is None else event.y_m,
                end_x_m=nan if event.end_x_m is None else event.end_x_m,
                end_y_m=nan if event.end_y_m is None else event.end_y_m,
                outcome=event.outcome,
                attack=period.home_attacks if team == HOME else -period.home_attacks,
                attrs=event.attrs,
                row=row - first if seen else -1,
                offset_s=0.0,
                frames=film.cut(first, row + _AROUND + 1) if seen else None,
                roster=roster,
            )


class _Film:
    """The frames of one period, of which any stretch can be had as ``Frames``."""

    def __init__(self, parts: list[Chunk], t0_us: int, roster: Roster, field: Field, period: int, home_attacks: int) -> None:
        self.t_us = np.concatenate([part.t_us for part in parts])
        self._places = np.concatenate([part.places for part in parts])
        self._ball = np.concatenate([part.ball for part in parts])
        self._who = np.concatenate([part.who for part in parts])
        self._t0_us, self._roster, self._field = t0_us, roster, field
        self._period, self._home_attacks = period, home_attacks
        self._step_s = float(self.t_us[1] - self.t_us[0]) / 1e6

    def cut(self, first: int, stop: int) -> Frames:
        t = (self.t_us[first:stop] - self._t0_us) / 1e6
        rows, who = len(t), self._who[first:stop]
        xyz = np.full((rows, len(self._roster), 3), np.nan)
        lines, slots = np.nonzero(who >= 0)
        xyz[lines, who[lines, slots], :2] = self._places[first:stop][lines, slots].astype(np.float32)
        xyz[lines, who[lines, slots], 2] = 0.0
        xyz[:, self._roster.ball] = self._ball[first:stop].astype(np.float32)
        return Frames(
            self._roster,
            self._field,
            dt_s=self._step_s,
            hop=1,
            span=1,
            t=t,
            xyz=xyz,
            period=np.full(rows, self._period, np.int8),
            attack=np.full(rows, self._home_attacks, np.int8),
            signals={},
            state={},
            lo=0,
            hi=rows,
        )
