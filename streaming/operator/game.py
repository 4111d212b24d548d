"""The operator of one game: every record goes in here, every stat comes out; a runner only keys, ticks, stores and delivers.

Final values close by event time alone, so the same records give the same finals however they are cut, shuffled within the
allowed lateness, or doubled. Two things are shown before they are final, under the id that the final value will have: the
stats of an event, at once when it arrives; and a window that a quiet feed keeps open, when the arrival clock passes it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from features.core.sport import Sport
from models.base import Model
from streaming.errors import BadRecord, BadSnapshot
from streaming.operator import snapshot
from streaming.operator.context import GameContext
from streaming.operator.events.event_stats import EventStage
from streaming.operator.events.finalizer import EventFinalizer, FinalizerState
from streaming.operator.inference.reload import DeployedModels, FixedModels, ModelReloader
from streaming.operator.quarantine import Quarantine
from streaming.operator.state import PlainState, fingerprint
from streaming.operator.telemetry.framing import Framer
from streaming.operator.telemetry.grid import ceil_div
from streaming.operator.telemetry.watermarks import NEVER
from streaming.operator.telemetry.window_stats import WindowStage, last_only
from streaming.wire.arrivals import ArrivalGuard, Verdicts
from streaming.wire.blocks import FrameBlock, Output
from streaming.wire.records import Event, GameRecord, Telemetry


class Stage(Protocol):
    """What dumps and loads its own arrays."""

    def dump(self) -> dict[str, npt.NDArray[Any]]: ...

    def load(self, saved: Mapping[str, npt.NDArray[Any]], /) -> None: ...


class GameOperator:
    """One game from records to stats.

    Parameters
    ----------
    sport, game : the sport, and the game's record
    models : by id; every model that a stat of the sport names must be there (``BadInput`` otherwise)
    draw : emit a FrameBlock for every framed row
    provisional : show event stats before their watermark
    strict : raise ``BadRecord`` where a record is otherwise counted and set aside
    deployed : the source of the models instead, read again when others are deployed
    requested : models that were requested by name, and may answer, as experimental, where they have not been shown right
    """

    def __init__(
        self,
        sport: Sport,
        game: GameRecord,
        models: Mapping[str, Model] | None = None,
        *,
        draw: bool = True,
        provisional: bool = True,
        strict: bool = False,
        deployed: DeployedModels | None = None,
        requested: Container[str] = (),
    ) -> None:
        deployed = deployed or FixedModels(models or {})
        models = deployed.current()
        self.context = context = GameContext.of(sport, game, models, requested)
        self.sport, self.game, self.draw, self.provisional, self.strict = sport, game, draw, provisional, strict
        self.roster, self.grid, self.clock, self.metrics = context.roster, context.grid, context.clock, context.metrics
        self.frame_buffer, self._watch = context.frame_buffer, context.stopwatch
        self._admit_step, self._rows_step = context.steps["framing.samples"], context.steps["framing.rows"]
        self.framer = Framer(context)
        self.windows, self.events = WindowStage(context), EventStage(context, self.framer.seen_us)
        self.finalizer = EventFinalizer(context, self.events, self.framer, provisional)
        self._reloader = ModelReloader(context, deployed, self.windows, self.events)
        self.quarantine = Quarantine(context, strict)
        self.arrivals = ArrivalGuard(game)
        #: events that the latest call has taken, as they were reported
        self.events_taken: list[Event] = []
        #: by the name under which a snapshot keeps their arrays
        self._stages: dict[str, Stage] = {
            "tape": self.frame_buffer,
            "framer": self.framer,
            "windows": self.windows,
            "ticks": self.events,
        }
        self._fingerprint = fingerprint(context)
        self._shown_us = NEVER
        self._drawn_row = 0
        self._ended = False

    # -- what a runner calls ---------------------------------------------------------------------------------------

    def on_record(self, record: Telemetry | Event, now_us: int = 0) -> list[Output]:
        """Take a record that arrived at its own stamp, or at ``now_us`` when it carries none; emit what it makes computable."""
        out: list[Output] = []
        self.events_taken = []
        record, now_us = self.arrivals.even(record, now_us)
        self._reloader.maybe_reload(record, now_us, out)
        self.context.budget.renew()
        try:
            if record.game != self.game.game:
                raise BadRecord("another game", record.game)
            if self._ended:
                raise BadRecord("after the end", "the game has been finished")
            if isinstance(record, Event) and not self.clock.believes(record.t_us, record.arrival_us or now_us):
                raise BadRecord("clock ahead of arrival", f"event {record.id}")
        except BadRecord as bad:
            out.append(self.quarantine.record(record, bad, now_us))
            return out
        self._judged(self.arrivals.take(record, now_us), now_us, out)
        return out

    def _judged(self, verdicts: Verdicts, now_us: int, out: list[Output]) -> None:
        """Take what may be taken, one by one; the rest are dead letters."""
        out.extend(self.quarantine.arrival(record, now_us) for record in verdicts.refused)
        for record in verdicts.taken:
            try:
                if isinstance(record, Telemetry):
                    self._on_telemetry(record, now_us, out)
                else:
                    self._on_event(record, now_us, out)
            except BadRecord as bad:
                out.append(self.quarantine.record(record, bad, now_us))

    def on_time(self, now_us: int) -> list[Output]:
        """Arrival time has come to ``now_us``. A feed that has gone quiet gets provisional values; no watermark moves."""
        if not self.events.has_tracking or self._ended or self.clock.telemetry_us == NEVER:
            return []
        buffer, grid = self.frame_buffer, self.grid
        last = max(0, int(buffer.grid_row[buffer.computed - 1]))
        open_us = grid.t_us((last // grid.hop + 1) * grid.hop)
        end_us = max(open_us, self._shown_us + grid.hop_us)
        # Past the blank windows there is nothing left to show.
        if end_us - open_us > self.framer.blank_limit * grid.hop_us or self.framer.blanks >= self.framer.blank_limit:
            return []
        if end_us + grid.hop_us > now_us - self.clock.telemetry_lateness_us:
            return []
        # What would be final if nothing more arrived: compute it on the state as it is, then put the state back.
        arrays, rejected = self._arrays(copy=True), int(self.framer.buffers.rejected_n[0])
        out: list[Output] = []
        self.context.budget.renew()
        try:
            if ready := self.framer.advance(end_us + self.framer.wait_us, self.frame_buffer.batch):
                out = last_only(self.windows.run(ready, now_us, self.framer.seen_us, "provisional"))
                self._shown_us = end_us
        finally:
            self._load_arrays(arrays)
            self.framer.buffers.rejected_n[0] = rejected
        return out

    def finish(self) -> list[Output]:
        """The stream is over: everything that is still open closes."""
        out: list[Output] = []
        self.events_taken = []
        if self._ended:
            return out
        self.context.budget.renew()
        self._judged(self.arrivals.end(), self.clock.now_us, out)
        self._ended = True
        ingress_us = self.clock.now_us
        self._frame_rest(out)
        self.framer.until_us = 1 << 62
        self.clock.end()
        self.finalizer.release(out, ingress_us)
        return out

    def snapshot(self) -> bytes:
        """All that the next record may depend on."""
        finalizer = self.finalizer.dump()
        ledger, unavailable = self.events.dump_ledger()
        plain = PlainState(
            clock=self.clock.dump(),
            waiting=finalizer.waiting,
            settled=finalizer.settled,
            ledger=ledger,
            active=finalizer.active,
            ticked=finalizer.ticked,
            tick_revisions=finalizer.tick_revisions,
            event_revisions=finalizer.event_revisions,
            drawn_row=self._drawn_row,
            ended=self._ended,
            counts=self.metrics.dump(),
            unavailable=unavailable,
            silent_us=finalizer.silent_us,
            corrected=finalizer.corrected,
            arrivals=self.arrivals.dump(),
        )
        return snapshot.pack(self.sport.name, self.game.game, self._fingerprint, plain, self._arrays())

    def restore(self, raw: bytes) -> None:
        """Take over the state of a snapshot; ``BadSnapshot`` when it is not one of this game, or a signal has changed its shape."""
        plain, arrays = snapshot.unpack(raw, self.sport.name, self.game.game, self._fingerprint, PlainState)
        try:
            plain.check()
            self._load_arrays(arrays)
            self.events.load_ledger(plain.ledger, plain.unavailable)
            self.clock.load(plain.clock)
            self.finalizer.load(
                FinalizerState(
                    plain.waiting,
                    plain.settled,
                    plain.active,
                    plain.ticked,
                    plain.tick_revisions,
                    plain.event_revisions,
                    plain.silent_us,
                    plain.corrected,
                )
            )
            self.arrivals.load(plain.arrivals, self.clock.now_us)
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            OverflowError,
            RecursionError,
            msgspec.DecodeError,
            BadRecord,
        ) as error:
            raise BadSnapshot(f"the snapshot does not fit this operator: {error}") from None
        self.metrics.load(plain.counts)
        self._drawn_row, self._ended = plain.drawn_row, plain.ended

    # -- telemetry -------------------------------------------------------------------------------------------------

    def _on_event(self, event: Event, now_us: int, out: list[Output]) -> None:
        known, unknown = self.events.known(event)
        if unknown is not None and self.strict:
            raise unknown
        accepted = self.metrics.counts["accepted", "event"]
        try:
            news = self.finalizer.admit(known, now_us, out)
        except BadRecord as bad:
            raise unknown or bad from None
        if self.metrics.counts["accepted", "event"] != accepted:
            self.events_taken.append(event if event.arrival_us else msgspec.structs.replace(event, arrival_us=now_us))
        if news and unknown is not None:
            out.append(self.quarantine.record(event, unknown, now_us))
        if self.finalizer.silence():
            self._frame_rest(out, self.framer.blank_limit)
            self.finalizer.release(out, self.clock.now_us)

    def _on_telemetry(self, packet: Telemetry, now_us: int, out: list[Output]) -> None:
        if not len(packet):
            self.metrics.counts["dropped", "empty packet"] += 1
            return
        samples = self.framer.packet(packet, now_us)
        framer, at, force, rejected = self.framer, 0, False, 0
        while at < len(packet):
            self._watch.start()
            done = framer.admit(samples, at, force)
            self._watch.lap(self._admit_step)
            force = done == at
            at = done
            self._frame(self.clock.telemetry_watermark_us, self.clock.now_us, out)
            rejected += self.quarantine.samples(framer, out, packet.feed)
        self.metrics.counts["accepted", "sample"] += len(packet) - rejected
        self.metrics.arrival_us = self.clock.now_us

    def _frame(self, watermark_us: int, ingress_us: int, out: list[Output]) -> None:
        """Frame, compute and release up to the watermark, a batch at a time."""
        framer, buffer = self.framer, self.frame_buffer
        while True:
            before = framer.next_row
            self._watch.start()
            ready = framer.advance(watermark_us, self.frame_buffer.batch)
            self._watch.lap(self._rows_step)
            if self.draw:
                self._draw(out)
            if ready:
                out.extend(self.windows.run(ready, ingress_us, framer.seen_us, "final"))
                self.metrics.windows += ready // self.grid.hop
                self.metrics.watermark_us = int(buffer.t_us[buffer.computed - 1])
                rows = slice(buffer.computed - ready, buffer.computed)
                self.finalizer.rows_computed(buffer.t_us[rows], buffer.grid_row[rows])
            self.finalizer.release(out, ingress_us)
            # Less than a whole batch: the watermark is reached.
            if framer.next_row - before < self.frame_buffer.batch:
                return

    def _frame_rest(self, out: list[Output], blanks: int = 0) -> None:
        """Frame what is there to its end, as far as the window in which it lies, and so many empty ones as are framed before a
        pause is left out: nothing that lies there is expected any more."""
        if not self.events.has_tracking or self.clock.telemetry_us == NEVER:
            return
        last = self.grid.row_at_or_before(self.clock.telemetry_us - 1) + 1
        group_end = ceil_div(last, self.grid.hop) * self.grid.hop
        self._frame(self.grid.t_us(group_end + blanks * self.grid.hop) + self.framer.wait_us, self.clock.now_us, out)
        self.metrics.counts["accepted", "sample"] -= self.quarantine.samples(self.framer, out)

    def _draw(self, out: list[Output]) -> None:
        buffer = self.frame_buffer
        last = int(buffer.grid_row[buffer.framed - 1])
        if last <= self._drawn_row:
            return
        first = buffer.framed - 1
        if int(buffer.grid_row[first - 1]) != self._drawn_row:
            first = int(np.searchsorted(buffer.grid_row[: buffer.framed], self._drawn_row, side="right"))
        self._drawn_row = last
        xyz = buffer.frames.xyz[first : buffer.framed]
        t_us = buffer.t_us[first : buffer.framed]
        if not self.framer.all_filled:
            some = np.isfinite(xyz[:, :, 0]).any(axis=1)
            xyz, t_us = xyz[some], t_us[some]
        if len(xyz):
            period = int(buffer.frames.period[buffer.framed - 1])
            out.append(FrameBlock(self.game.game, self.sport.name, self.roster.ids, t_us.copy(), xyz.astype(np.float32), period))

    # -- state -----------------------------------------------------------------------------------------------------

    def _arrays(self, copy: bool = False) -> dict[str, npt.NDArray[Any]]:
        arrays = {f"{name}.{key}": array for name, stage in self._stages.items() for key, array in stage.dump().items()}
        return {name: array.copy() for name, array in arrays.items()} if copy else arrays

    def _load_arrays(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        for name, stage in self._stages.items():
            own = f"{name}."
            stage.load({key.removeprefix(own): array for key, array in arrays.items() if key.startswith(own)})
