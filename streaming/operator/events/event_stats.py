"""The event side of an operator: match an event to its frame, work out its facts and stats, and keep the game's ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from features.core.event_context import MISSED, EventContext
from features.core.sport import EventStep, Stat
from streaming.errors import BadRecord
from streaming.operator.bound_stat import Array, BoundStat, bind
from streaming.operator.context import AHEAD_S, BEHIND_S, GameContext
from streaming.operator.events.ledger_log import ReplayableLedger
from streaming.operator.events.periodic_stats import PeriodicStats
from streaming.operator.inference.client import Refused, infer
from streaming.operator.stopwatch import Stopwatch
from streaming.operator.telemetry.grid import SECOND_US
from streaming.wire.blocks import Output, Prediction, Quality, StatBlock
from streaming.wire.records import Event, FrameUse, ModelUse

TOP_ATTRIBUTIONS: Final = 5
#: tracking that begins later than this after the game does was joined in the middle, us
LATE_US: Final = 2 * SECOND_US
#: no play, pitch or pass is longer than this, us
JUST_US: Final = 10 * SECOND_US
NEVER_SEEN: Final = int(np.iinfo(np.int64).max)


class Issue(msgspec.Struct, frozen=True):
    """Under what all values of an event go out."""

    t_us: int
    arrival_us: int
    quality: Quality
    revision: int
    frame: FrameUse | None


class EventStage:
    """Events and ticks of one game. ``seen_us`` (N,) is when each entity was first seen: the framer's."""

    def __init__(self, game: GameContext, seen_us: Array) -> None:
        self.game, self.seen_us, self.frame_buffer, self.watch = game, seen_us, game.frame_buffer, game.stopwatch
        self.has_tracking, self.sync_us = game.has_tracking, game.event_sync_us
        #: (stat, subject) that have been announced as unavailable, without a value since
        self.unavailable: set[tuple[str, str]] = set()
        record, sport = game.record, game.sport
        self.team_index = {team.id: i for i, team in enumerate(record.teams)}
        self.home_attacks = {period.number: period.home_attacks for period in record.periods}
        self._extract: dict[str, list[tuple[EventStep, int]]] = {t: [] for t in sport.event_types}
        applying: dict[str, list[tuple[EventStep, int]]] = {t: [] for t in sport.event_types}
        for step in sport.event_steps:
            for kind in step.on:
                (self._extract if step.phase == "extract" else applying)[kind].append((step, game.steps[step.name]))
        bound = [bind(stat, game) for stat in sport.stats if stat.kind != "window"]
        self._stats: dict[str, list[BoundStat]] = {t: [] for t in sport.event_types}
        for item in bound:
            for kind in item.stat.on:
                self._stats[kind].append(item)
        # without events the ledger is not known: a score of 0:0 would be read off their absence
        self.ticks = PeriodicStats([item for item in bound if item.stat.kind == "tick" and game.has_events], game)
        self._match_step = game.steps["events.match"]
        self._view = copy(self.frame_buffer.frames)  # the same buffers with bounds of its own
        self.apply = partial(_apply, applying, self.watch)
        new_ledger: Callable[..., Any] = sport.ledger
        self.ledger = ReplayableLedger(partial(new_ledger, players=len(game.roster)), self.apply, game.roster, sport.event_types)

    # -- one event -------------------------------------------------------------------------------------------------

    def known(self, event: Event) -> tuple[Event, BadRecord | None]:
        """The event without the one part of it that the game does not know, and what that was, so that the rest counts: in a game
        of sides an event of a player who is not in the line-up is the team's, and one of an unknown team is the player's team's.
        Unchanged, and None, where all is known or nothing is left to count for."""
        roster = self.game.roster
        if event.player is not None and event.player not in roster.index:
            if event.team in self.team_index and self.game.sport.teams is not None:
                why = f"{event.player} is not in the game: event {event.id} counts for {event.team} alone"
                return msgspec.structs.replace(event, player=None), BadRecord("unknown player", why)
        elif event.player is not None and event.team is not None and event.team not in self.team_index:
            side = int(roster.team[roster.index[event.player]])
            if side >= 0:
                team = self.game.record.teams[side].id
                why = f"{event.team} does not play: event {event.id} counts for {team}, the team of {event.player}"
                return msgspec.structs.replace(event, team=team), BadRecord("unknown team", why)
        return event, None

    def context(self, event: Event) -> EventContext:
        """The event in the features' terms; ``BadRecord`` when it names a team or a player who is not in the game."""
        if event.type not in self.game.sport.event_types:
            raise BadRecord("unknown event type", event.type)
        team = -1 if event.team is None else self.team_index.get(event.team, -2)
        player = -1 if event.player is None else self.game.roster.index.get(event.player, -2)
        if team == -2:
            raise BadRecord("unknown team", str(event.team))
        if player == -2:
            raise BadRecord("unknown player", str(event.player))
        home = self.home_attacks.get(event.period, 0)
        nan = float("nan")
        return EventContext(
            id=event.id,
            type=event.type,
            t_s=self.game.grid.seconds(event.t_us),
            period=event.period,
            team=team,
            player=player,
            x_m=nan if event.x_m is None else event.x_m,
            y_m=nan if event.y_m is None else event.y_m,
            end_x_m=nan if event.end_x_m is None else event.end_x_m,
            end_y_m=nan if event.end_y_m is None else event.end_y_m,
            outcome=event.outcome,
            attack=home if team == 0 else -home if team == 1 else 0,
            attrs=event.attrs,
            roster=self.game.roster,
        )

    def match(self, context: EventContext, t_us: int) -> None:
        """Find the frame the event happened in, within the feeds' mutual clock error, and bound what it may look at."""
        frame_buffer, view = self.frame_buffer, self._view
        lo = frame_buffer.row_of(t_us - self.sync_us - int(BEHIND_S * SECOND_US))
        hi = frame_buffer.row_of(t_us + self.sync_us + int(AHEAD_S * SECOND_US), "right")
        context.row, context.offset_s = -1, float("nan")
        view.lo, view.hi = lo, hi
        context.frames = view if self.has_tracking and hi > lo else None
        if context.frames is None:
            return
        period_us = SECOND_US // self.game.grid.hz
        first = frame_buffer.row_of(t_us - max(self.sync_us, period_us))
        last = frame_buffer.row_of(t_us + max(self.sync_us, period_us), "right")
        if first >= last:
            return
        align = self.game.sport.align
        if align is not None and self.sync_us:
            row = int(align(view, context, first, last))
        else:
            row = first + int(np.argmin(np.abs(frame_buffer.t_us[first:last] - t_us)))
        if first <= row < last:
            context.row = row
            context.offset_s = (int(frame_buffer.t_us[row]) - t_us) / SECOND_US

    def _missed(self, t_us: int) -> bool:
        """Whether the tracking of a game that was joined in the middle begins only just after this instant: of what happened then
        there is no value, since half of it was not seen. Events from long before, or of a game without tracking, stand alone."""
        if not self.has_tracking or not len(self.seen_us):
            return False
        first_us = int(self.seen_us.min())
        return first_us - JUST_US <= t_us < first_us < NEVER_SEEN and first_us > self.game.grid.t0_us + LATE_US

    def compute(
        self, event: Event, context: EventContext, ledger: Any, quality: Quality, revision: int = 0, read_frames: bool = True
    ) -> list[Output]:
        """Facts and stats of one event, given the ledger before it; without ``read_frames`` its frames are left alone."""
        watch, out = self.watch, list[Output]()
        watch.start()
        if read_frames:
            self.match(context, event.t_us)
        watch.lap(self._match_step)
        if read_frames and self._missed(event.t_us):
            context.facts[MISSED] = True
            return out
        for step, i in self._extract[event.type]:
            step.compute(context)
            watch.lap(i)
        frame = None
        if context.row >= 0:
            frame = FrameUse(t_us=int(self.frame_buffer.t_us[context.row]), offset_us=round(context.offset_s * SECOND_US))
        issue = Issue(event.t_us, event.arrival_us, quality, revision, frame)
        for item in self._stats[event.type]:
            value = item.stat.compute(context, ledger)
            use, how, reason = None, quality, ""
            subject = self._subject(item.stat, event.player, event.team)
            if value is not None and item.model is not None:
                value, use, refused = self._predict(item, np.asarray(value, np.float64), event, quality, out)
                how = "stale" if value is None else quality
                if refused is not None:
                    how = "unavailable"
                    reason = self._refuse(item, subject, refused, quality)
            watch.lap(item.step)
            context.facts[item.stat.id] = value
            if use is not None:  # it may be another when the value is issued again
                context.answered_by[item.stat.id] = use.name, use.version, use.fallback_reason
            if value is not None and quality == "final":
                self.unavailable.discard((item.stat.id, subject))
            if value is not None or how == "stale" or reason:
                block = self._block(item, context.id, issue, subject, value, use)
                block.quality, block.reason = how, reason
                out.append(block)
        return out

    def _refuse(self, item: BoundStat, subject: str, refused: Refused, quality: Quality) -> str:
        """Count what is final; the reason, unless the subject has been announced as unavailable already."""
        if quality != "final":
            return ""
        reasons = refused.reasons(item.guard)
        self.game.metrics.count_unavailable(item.stat.id, reasons)
        if (item.stat.id, subject) in self.unavailable:
            return ""
        self.unavailable.add((item.stat.id, subject))
        return next(iter(reasons))

    def _predict(
        self, item: BoundStat, features: Array, event: Event, quality: Quality, out: list[Output]
    ) -> tuple[Any, ModelUse, Refused | None]:
        """The model's answer (None: there is none), which model made it, and what was refused."""
        model = item.model
        assert model is not None
        assert item.use is not None
        # (F,) is one row; (K, F) are the K parts of one answer, inferred together
        features = item.inputs(features)
        rows = np.ascontiguousarray(features.reshape(-1, features.shape[-1]))
        result = infer(model, rows, self.game.budget, item.use, item.attribute, item.guard)
        answers = result.values
        if answers is None:
            return None, result.use, result.refused
        answer = answers[0] if features.ndim == 1 else answers
        reasons: list[tuple[str, float, float | None]] = []
        if result.attribute is not None and features.ndim == 1:
            parts = result.attribute(rows)[0]
            if parts.ndim == 1:
                strongest = np.argsort(-np.abs(parts[:-1]), kind="stable")[:TOP_ATTRIBUTIONS]
                reasons = [
                    (model.features[i].name, round(float(parts[i]), 6), None if np.isnan(rows[0, i]) else float(rows[0, i]))
                    for i in strongest.tolist()
                ]
        use = msgspec.structs.replace(result.use, attributions=reasons)
        out.append(
            Prediction(
                game=self.game.game,
                stat=item.stat.id,
                event=event.id,
                t_us=event.t_us,
                model=use.name,
                version=use.version,
                features=rows,
                answer=answers,
                quality=quality,
                took_us=result.took_us,
                subjects=(self._subject(item.stat, event.player, event.team),) * len(rows),
            )
        )
        value = float(answer) if np.ndim(answer) == 0 else [float(a) for a in answer]
        return value, use, None

    @staticmethod
    def _subject(stat: Stat, player: str | None, team: str | None) -> str:
        """The subject of an event's value."""
        return (player or "unknown") if stat.per == "player" else (team or "unknown") if stat.per == "team" else stat.per

    def _block(self, item: BoundStat, event_id: str, issue: Issue, subject: str, value: Any, use: ModelUse | None) -> StatBlock:
        stat = item.stat
        if isinstance(value, (list, tuple, np.ndarray)):
            value = [v * item.factor if isinstance(v, float) else v for v in value]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            value = float(value) * item.factor
        return StatBlock(
            stat=stat.id,
            game=self.game.game,
            sport=self.game.sport.name,
            unit=stat.unit,
            subjects=(subject,),
            end_us=np.array([issue.t_us], np.int64),
            span_us=0,
            values=[[value]],
            quality=issue.quality,
            ingress_us=np.array([issue.arrival_us], np.int64),
            revision=issue.revision,
            event=event_id,
            frame=issue.frame,
            model=use,
        )

    # -- issued again ----------------------------------------------------------------------------------------------

    def issued(self, context: EventContext) -> dict[str, str]:
        """Stat and subject of every value that an event has."""
        player = self.game.roster.ids[context.player] if context.player >= 0 else None
        team = self.game.record.teams[context.team].id if context.team >= 0 else None
        return {
            item.stat.id: self._subject(item.stat, player, team)
            for item in self._stats[context.type]
            if context.facts.get(item.stat.id) is not None
        }

    def reissue(
        self,
        context: EventContext,
        arrival_us: int,
        revision: int,
        subjects: Mapping[str, str],
        *,
        empty: bool = False,
        quality: Quality = "final",
    ) -> list[Output]:
        """The stats ``subjects`` of an event from the facts it has, or taken back (``empty``)."""
        t_us = self.game.grid.t0_us + round(context.t_s * SECOND_US)
        frame = None
        if context.offset_s == context.offset_s:
            offset_us = round(context.offset_s * SECOND_US)
            frame = FrameUse(t_us=t_us + offset_us, offset_us=offset_us)
        issue = Issue(t_us, arrival_us, quality, revision, frame)
        return [
            self._block(
                item,
                context.id,
                issue,
                subjects[item.stat.id],
                None if empty else context.facts.get(item.stat.id),
                _model_of(item, context),
            )
            for item in self._stats[context.type]
            if item.stat.id in subjects
        ]

    def items(self) -> Iterator[BoundStat]:
        """What is published of events and ticks."""
        yield from {id(item): item for items in (*self._stats.values(), self.ticks.items) for item in items}.values()

    def ledger_stats(self, ledger: Any, context: EventContext) -> dict[str, Any]:
        """The event stats that depend on the ledger before it."""
        return {
            item.stat.id: item.stat.compute(context, ledger) for item in self._stats[context.type] if item.stat.depends_on_ledger
        }

    # -- state -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Array]:
        """Which subjects of ticks have a value, by stat."""
        return self.ticks.dump()

    def load(self, arrays: Mapping[str, Array]) -> None:
        """The inverse of :meth:`dump`; a stat that is not in it begins anew."""
        self.ticks.load(arrays)

    def dump_ledger(self) -> tuple[bytes, list[tuple[str, str]]]:
        """The ledger, and the (stat, subject) that have been announced as unavailable."""
        return self.ledger.dump(), sorted(self.unavailable)

    def load_ledger(self, ledger: bytes, unavailable: list[tuple[str, str]]) -> None:
        """The inverse of :meth:`dump_ledger`."""
        self.ledger.load(ledger)
        self.unavailable = set(unavailable)


def _model_of(item: BoundStat, context: EventContext) -> ModelUse | None:
    """Which model made the value that an event has."""
    answered_by = context.answered_by.get(item.stat.id)
    if answered_by is None:
        return item.use
    name, version, fallback_reason = answered_by
    return ModelUse(name=name, version=version, fallback_reason=fallback_reason, experimental=item.guard.experimental)


def _apply(applying: dict[str, list[tuple[EventStep, int]]], watch: Stopwatch, context: EventContext, ledger: Any) -> None:
    """Fold an event into a ledger. No method: the ledger would hold the stage that holds it, and with it a game's whole frame
    buffer, until the collector of cycles comes by, which looks at the number of objects and not at their size."""
    watch.start()
    for step, i in applying[context.type]:
        step.compute(context, ledger)
        watch.lap(i)
