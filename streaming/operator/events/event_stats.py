"""The event side of an operator: match an event to its frame, work out its facts, ask the models, keep the account."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from copy import copy
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from features.core.event_context import MISSED, EventContext
from features.core.frames import Roster
from features.core.sport import EventStep, Sport, Stat
from models.base import Model
from streaming.errors import BadRecord
from streaming.operator.events.ledger_log import ReplayableLedger
from streaming.operator.events.periodic_stats import PeriodicStats
from streaming.operator.inference.client import DeadlineBudget, Refused, ask
from streaming.operator.provenance import origin_of
from streaming.operator.stopwatch import Stopwatch
from streaming.operator.telemetry.frame_buffer import FrameBuffer
from streaming.operator.telemetry.grid import SECOND_US, Grid
from streaming.operator.telemetry.window_stats import BoundStat, Count, publishing
from streaming.wire.blocks import Output, Prediction, Quality, StatBlock
from streaming.wire.records import Event, FrameUse, GameRecord, ModelUse

#: what an event may look at besides its own frame: this far back, and this far ahead
BEHIND_S: Final = 3.0
AHEAD_S: Final = 0.6
TOP_ATTRIBUTIONS: Final = 5
#: tracking that begins later than this after the game does was joined in the middle, us
LATE_US: Final = 2 * SECOND_US
#: no play, pitch or pass is longer than this, us
JUST_US: Final = 10 * SECOND_US
NEVER_SEEN: Final = int(np.iinfo(np.int64).max)


class EventStage:
    """Events and ticks of one game. ``sync_us`` is how far an event's clock may be from the tracking's."""

    def __init__(
        self,
        sport: Sport,
        game: GameRecord,
        roster: Roster,
        grid: Grid,
        tape: FrameBuffer,
        models: Mapping[str, Model],
        names: dict[str, int],
        watch: Stopwatch,
        patience: DeadlineBudget,
        count: Count,
        requested: Container[str] = (),
    ) -> None:
        self._count = count
        #: (stat, subject) of whom it has been announced that there is no value, and none has come since
        self.unavailable: set[tuple[str, str]] = set()
        self.sport, self.game, self.roster, self.grid, self.tape, self.watch = sport, game, roster, grid, tape, watch
        self.patience = patience
        self.sync_us = 1000 * max((feed.sync_ms for feed in game.feeds if feed.kind == "events"), default=0)
        self.has_tracking = any(feed.kind == "telemetry" for feed in game.feeds)
        # without events nobody knows the account of a game: a score of 0:0 would be read off their absence
        has_events = any(feed.kind == "events" for feed in game.feeds)
        self.team_index = {team.id: i for i, team in enumerate(game.teams)}
        self.home_attacks = {period.number: period.home_attacks for period in game.periods}
        self._extract: dict[str, list[tuple[EventStep, int]]] = {t: [] for t in sport.event_types}
        applying: dict[str, list[tuple[EventStep, int]]] = {t: [] for t in sport.event_types}
        self._stats: dict[str, list[BoundStat]] = {t: [] for t in sport.event_types}
        for step in sport.event_steps:
            for kind in step.on:
                (self._extract if step.phase == "extract" else applying)[kind].append((step, names[step.name]))
        ticks: list[BoundStat] = []
        for stat in sport.stats:
            if stat.kind == "window":
                continue
            item = publishing(stat, roster, models, names[stat.id], origin=origin_of(game), requested=requested)
            for kind in stat.on:
                self._stats[kind].append(item)
            if stat.kind == "tick" and has_events:
                item.every = max(1, round(stat.every_s or 1.0))
                ticks.append(item)
        self._match = names["events.match"]
        #: when each entity was first seen, us; the framer's
        self.seen_us: Any = None
        self.ticks = PeriodicStats(ticks, game.game, sport.name, grid, self.has_tracking, watch, patience, count)
        self._view = copy(tape.frames)  # the same buffers with bounds of its own
        self.apply = partial(_apply, applying, watch)
        ledger: Callable[..., Any] = sport.ledger
        self.account = ReplayableLedger(partial(ledger, players=len(roster)), self.apply, roster)

    # -- one event -------------------------------------------------------------------------------------------------

    def known(self, event: Event) -> tuple[Event, BadRecord | None]:
        """The event without the one part of it that the game does not know, and what that was, so that the rest counts: in a game
        of sides an event of a player who is not in the line-up is his team's, and one of an unknown team its player's team's. As it
        came, and None, where all is known or nothing is left to count for."""
        stranger = event.player is not None and event.player not in self.roster.index
        elsewhere = event.team is not None and event.team not in self.team_index
        if stranger and event.team in self.team_index and self.sport.teams is not None:
            why = f"{event.player} is not in the game: event {event.id} counts for {event.team} alone"
            return msgspec.structs.replace(event, player=None), BadRecord("unknown player", why)
        if elsewhere and event.player in self.roster.index:
            side = int(self.roster.team[self.roster.index[event.player]])
            if side >= 0:
                team = self.game.teams[side].id
                why = f"{event.team} does not play: event {event.id} counts for {team}, the team of {event.player}"
                return msgspec.structs.replace(event, team=team), BadRecord("unknown team", why)
        return event, None

    def moment(self, event: Event) -> EventContext:
        """The event in the features' terms; ``BadRecord`` when it names somebody who is not in the game."""
        if event.type not in self.sport.event_types:
            raise BadRecord("unknown event type", event.type)
        team = -1 if event.team is None else self.team_index.get(event.team, -2)
        player = -1 if event.player is None else self.roster.index.get(event.player, -2)
        if team == -2:
            raise BadRecord("unknown team", str(event.team))
        if player == -2:
            raise BadRecord("unknown player", str(event.player))
        home = self.home_attacks.get(event.period, 0)
        nan = float("nan")
        return EventContext(
            event.id,
            event.type,
            self.grid.seconds(event.t_us),
            event.period,
            team,
            player,
            nan if event.x_m is None else event.x_m,
            nan if event.y_m is None else event.y_m,
            nan if event.end_x_m is None else event.end_x_m,
            nan if event.end_y_m is None else event.end_y_m,
            event.outcome,
            home if team == 0 else -home if team == 1 else 0,
            event.attrs,
            roster=self.roster,
        )

    def match(self, moment: EventContext, t_us: int) -> None:
        """Find the frame the event happened in, within the feeds' mutual clock error, and bound what it may look at."""
        tape, view = self.tape, self._view
        lo = tape.row_of(t_us - self.sync_us - int(BEHIND_S * SECOND_US))
        hi = tape.row_of(t_us + self.sync_us + int(AHEAD_S * SECOND_US), "right")
        moment.row, moment.offset_s = -1, float("nan")
        view.lo, view.hi = lo, hi
        moment.frames = view if self.has_tracking and hi > lo else None
        if moment.frames is None:
            return
        period_us = SECOND_US // self.grid.hz
        first = tape.row_of(t_us - max(self.sync_us, period_us))
        last = tape.row_of(t_us + max(self.sync_us, period_us), "right")
        if first >= last:
            return
        if self.sport.align is not None and self.sync_us:
            row = int(self.sport.align(view, moment, first, last))
        else:
            row = first + int(np.argmin(np.abs(tape.t_us[first:last] - t_us)))
        if first <= row < last:
            moment.row = row
            moment.offset_s = (int(tape.t_us[row]) - t_us) / SECOND_US

    def _missed(self, t_us: int) -> bool:
        """Whether the tracking of a game that was joined in the middle begins only just after this instant: of what happened then
        there is no value, since half of it was not seen. Events from long before, or of a game without tracking, stand alone."""
        if self.seen_us is None or not self.has_tracking or not len(self.seen_us):
            return False
        first_us = int(self.seen_us.min())
        return first_us - JUST_US <= t_us < first_us < NEVER_SEEN and first_us > self.grid.t0_us + LATE_US

    def work_out(
        self, event: Event, moment: EventContext, ledger: Any, quality: Quality, revision: int = 0, look: bool = True
    ) -> list[Output]:
        """Facts and stats of one event, given the account before it; without ``look`` its frames are left alone."""
        watch, out = self.watch, list[Output]()
        watch.start()
        if look:
            self.match(moment, event.t_us)
        watch.lap(self._match)
        if look and self._missed(event.t_us):
            moment.facts[MISSED] = True
            return out
        for step, i in self._extract[event.type]:
            step.compute(moment)
            watch.lap(i)
        frame = None
        if moment.row >= 0:
            frame = FrameUse(t_us=int(self.tape.t_us[moment.row]), offset_us=round(moment.offset_s * SECOND_US))
        for item in self._stats[event.type]:
            value = item.stat.compute(moment, ledger)
            use, how, reason = None, quality, ""
            subject = self._subject(item.stat, event.player, event.team)
            if value is not None and item.model is not None:
                value, use, refused = self._ask(item, np.asarray(value, np.float64), event, quality, out)
                how = "stale" if value is None else quality
                if refused is not None:
                    how = "unavailable"
                    reason = self._refuse(item, subject, refused, quality)
            watch.lap(item.watch)
            moment.facts[item.stat.id] = value
            if use is not None:  # it may be another when the value is issued again
                moment.facts[f"{item.stat.id}/model"] = "\n".join((use.name, use.version, use.instead))
            if value is not None and quality == "final":
                self.unavailable.discard((item.stat.id, subject))
            if value is not None or how == "stale" or reason:
                block = self._block(item, event.id, event.t_us, event.arrival_us, subject, value, how, revision, frame, use)
                block.reason = reason
                out.append(block)
        return out

    def _refuse(self, item: BoundStat, subject: str, refused: Refused, quality: Quality) -> str:
        """Count what is final; the reason where it has not been announced yet that there is no value."""
        if quality != "final":
            return ""
        self._count(item.stat.id, refused, item.guard)
        if (item.stat.id, subject) in self.unavailable:
            return ""
        self.unavailable.add((item.stat.id, subject))
        return next(iter(refused.reasons(item.guard)))

    def _ask(
        self, item: BoundStat, features: Any, event: Event, quality: Quality, out: list[Output]
    ) -> tuple[Any, ModelUse, Refused | None]:
        model = item.model
        assert model is not None
        assert item.use is not None
        # (F,) is one question; (K, F) are the K parts of one answer, asked together
        features = item.asked(features)
        rows = np.ascontiguousarray(features.reshape(-1, features.shape[-1]))
        reading = ask(model, rows, self.patience, item.use, item.attribute, item.guard)
        answers = reading.values
        if answers is None:
            return None, reading.use, reading.refused
        answer = answers[0] if features.ndim == 1 else answers
        reasons: list[tuple[str, float, float | None]] = []
        if reading.attribute is not None and features.ndim == 1:
            parts = reading.attribute(rows)[0]
            if parts.ndim == 1:
                strongest = np.argsort(-np.abs(parts[:-1]), kind="stable")[:TOP_ATTRIBUTIONS]
                reasons = [
                    (model.features[i].name, round(float(parts[i]), 6), None if np.isnan(rows[0, i]) else float(rows[0, i]))
                    for i in strongest.tolist()
                ]
        use = msgspec.structs.replace(reading.use, attributions=reasons)
        out.append(
            Prediction(
                self.game.game,
                item.stat.id,
                event.id,
                event.t_us,
                use.name,
                use.version,
                rows,
                answers,
                quality,
                reading.took_us,
                (self._subject(item.stat, event.player, event.team),) * len(rows),
            )
        )
        value = float(answer) if np.ndim(answer) == 0 else [float(a) for a in answer]
        return value, use, None

    @staticmethod
    def _subject(stat: Stat, player: str | None, team: str | None) -> str:
        """Whom an event's value is about."""
        return (player or "unknown") if stat.per == "player" else (team or "unknown") if stat.per == "team" else stat.per

    def _block(
        self,
        item: BoundStat,
        event_id: str,
        t_us: int,
        arrival_us: int,
        subject: str,
        value: Any,
        quality: Quality,
        revision: int,
        frame: FrameUse | None,
        use: ModelUse | None,
    ) -> StatBlock:
        stat = item.stat
        if isinstance(value, (list, tuple, np.ndarray)):
            value = [v * item.factor if isinstance(v, float) else v for v in value]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            value = float(value) * item.factor
        return StatBlock(
            stat.id,
            self.game.game,
            self.sport.name,
            stat.unit,
            (subject,),
            np.array([t_us], np.int64),
            0,
            [[value]],
            quality,
            np.array([arrival_us], np.int64),
            None,
            revision,
            event_id,
            frame,
            use,
        )

    def issued(self, moment: EventContext) -> dict[str, str]:
        """Stat and subject of every value that an event has."""
        player = self.roster.ids[moment.player] if moment.player >= 0 else None
        team = self.game.teams[moment.team].id if moment.team >= 0 else None
        return {
            item.stat.id: self._subject(item.stat, player, team)
            for item in self._stats[moment.type]
            if moment.facts.get(item.stat.id) is not None
        }

    def again(
        self,
        moment: EventContext,
        arrival_us: int,
        revision: int,
        subjects: dict[str, str],
        *,
        empty: bool = False,
        quality: Quality = "final",
    ) -> list[Output]:
        """The stats ``subjects`` of an event from the facts it has, or taken back (``empty``)."""
        t_us = self.grid.t0_us + round(moment.t_s * SECOND_US)
        frame = None
        if moment.offset_s == moment.offset_s:
            offset_us = round(moment.offset_s * SECOND_US)
            frame = FrameUse(t_us=t_us + offset_us, offset_us=offset_us)
        return [
            self._block(
                item,
                moment.id,
                t_us,
                arrival_us,
                subjects[item.stat.id],
                None if empty else moment.facts.get(item.stat.id),
                quality,
                revision,
                frame,
                self._said(item, moment),
            )
            for item in self._stats[moment.type]
            if item.stat.id in subjects
        ]

    def items(self) -> Iterator[BoundStat]:
        """What is published of events and ticks."""
        yield from {id(item): item for items in (*self._stats.values(), self.ticks.items) for item in items}.values()

    @staticmethod
    def _said(item: BoundStat, moment: EventContext) -> ModelUse | None:
        """Which model made the value that a moment has."""
        told = moment.facts.get(f"{item.stat.id}/model")
        if told is None:
            return item.use
        name, version, instead = str(told).split("\n")
        return ModelUse(name=name, version=version, instead=instead, experimental=item.guard.experimental)

    def read_account(self, ledger: Any, moment: EventContext) -> dict[str, Any]:
        """The event stats that depend on the account before it."""
        return {item.stat.id: item.stat.compute(moment, ledger) for item in self._stats[moment.type] if item.stat.of_account}


def _apply(applying: dict[str, list[tuple[EventStep, int]]], watch: Stopwatch, moment: EventContext, ledger: Any) -> None:
    """Fold a moment into a ledger. No method: the account would hold the stage that holds it, and with it a game's whole tape,
    until the collector of cycles comes by, which looks at the number of objects and not at their size."""
    watch.start()
    for step, i in applying[moment.type]:
        step.compute(moment, ledger)
        watch.lap(i)
