"""The operator of one game: every record goes in here, every stat comes out; a runner only keys, ticks, stores and delivers.

Final values close by event time alone, so the same records give the same finals however they are cut, shuffled within the
allowed lateness, or doubled. Two things are shown before they are final, under the id that the final value will have: the
stats of an event, at once when it arrives; and a window that a quiet feed keeps open, when the arrival clock passes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from features.core.frames import Field
from features.core.sport import Sport
from models.base import Model
from models.guard import Guard
from streaming.errors import BadInput, BadRecord, BadSnapshot
from streaming.operator import snapshot
from streaming.operator.events.corrections import REREAD_S
from streaming.operator.events.event_stats import AHEAD_S, BEHIND_S, EventStage
from streaming.operator.events.finalizer import EventFinalizer
from streaming.operator.inference.client import DeadlineBudget, Refused
from streaming.operator.inference.reload import DeployedModels, ModelReloader
from streaming.operator.metrics import UNAVAILABLE, OperatorMetrics
from streaming.operator.quarantine import Quarantine
from streaming.operator.roster import roster_of
from streaming.operator.stopwatch import Stopwatch, step_names
from streaming.operator.telemetry.frame_buffer import FrameBuffer
from streaming.operator.telemetry.framing import Framer
from streaming.operator.telemetry.grid import SECOND_US, Grid
from streaming.operator.telemetry.watermarks import NEVER, GameClock
from streaming.operator.telemetry.window_stats import WindowStage, last_only
from streaming.wire.blocks import FrameBlock, Output
from streaming.wire.records import Event, GameRecord, Telemetry

#: rows computed in one go, s; results do not depend on it
BATCH_S: Final = 5.0


class GameOperator:
    """One game from records to stats.

    Parameters
    ----------
    sport, game : what is played, and by whom, where, measured by what
    models : by id; every model that a stat of the sport names must be there (``BadInput`` otherwise)
    draw : emit a FrameBlock for every framed row
    provisional : show event stats before their watermark
    strict : raise ``BadRecord`` where a record is otherwise counted and set aside
    deployed : where the models come from instead, and are taken from again when others are deployed
    requested : models that were asked for by name, and may answer, as experimental, where they have not been shown right
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
        if game.sport != sport.name:
            raise BadInput(f"game {game.game!r} is {game.sport}, not {sport.name}")
        self.sport, self.game, self.draw, self.provisional, self.strict = sport, game, draw, provisional, strict
        self.roster = roster = roster_of(game, sport.teams)
        self.grid = grid = Grid.of(game.t0_us, game.grid_hz or sport.grid_hz, sport.hop_s, sport.span_s)
        lateness = {
            kind: 1000 * max((f.lateness_ms for f in game.feeds if f.kind == kind), default=0) for kind in ("telemetry", "events")
        }
        self.clock = GameClock(lateness["telemetry"], lateness["events"])
        self.meters = OperatorMetrics(step_names(sport))
        names = {name: i for i, name in enumerate(self.meters.steps)}
        self._admit_step, self._rows_step = names["framing.samples"], names["framing.rows"]
        self._watch = Stopwatch(self.meters)
        self._batch = max(grid.hop, int(BATCH_S * grid.hz) // grid.hop * grid.hop)
        sync_s = max((f.sync_ms for f in game.feeds), default=0) / 1000
        reach_s = BEHIND_S + AHEAD_S + 2 * sync_s + lateness["events"] / SECOND_US + REREAD_S + BATCH_S + 1.0
        keep_s = max([reach_s, *(signal.keep_s for signal in sport.signals)])
        keep = int(np.ceil((keep_s * grid.hz + grid.span) / grid.hop)) * grid.hop
        field = Field(game.length_m or sport.field.length_m, game.width_m or sport.field.width_m, sport.field.origin)
        self.tape = FrameBuffer(sport, roster, field, grid, keep, self._batch, slack_s=2 * sync_s + REREAD_S)
        self.framer = Framer(sport, game, roster, grid, self.clock, self.tape)
        models = (models if deployed is None else deployed.current()) or {}
        self._patience = DeadlineBudget()
        stages = (
            sport,
            game,
            roster,
            grid,
            self.tape,
            models,
            names,
            self._watch,
            self._patience,
            partial(_count, self.meters),
            requested,
        )
        self.windows, self.events = WindowStage(*stages), EventStage(*stages)
        self.events.seen_us = self.framer.seen_us
        self.settling = EventFinalizer(game, self.events, self.framer, self.clock, grid, self.meters, provisional)
        self._switching = None if deployed is None else ModelReloader(game.game, deployed, self.windows, self.events, self.clock)
        self.quarantine = Quarantine(sport, game, self.clock, self.meters, strict)
        self._fingerprint = _fingerprint(self)
        self._shown_us = NEVER
        self._drawn_row = 0
        self._ended = False

    # -- what a runner calls ---------------------------------------------------------------------------------------

    def on_record(self, record: Telemetry | Event, now_us: int = 0) -> list[Output]:
        """Take a record that arrived at its own stamp, or at ``now_us`` when it carries none; emit what it makes computable."""
        out: list[Output] = []
        if self._switching is not None:
            self._switching.turn(record, now_us, out)
        self._patience.renew()
        try:
            if record.game != self.game.game:
                raise BadRecord("another game", record.game)
            if self._ended:
                raise BadRecord("after the end", "the game has been finished")
            if isinstance(record, Telemetry):
                self._on_telemetry(record, now_us, out)
            else:
                self._on_event(record, now_us, out)
        except BadRecord as bad:
            out.append(self.quarantine.record(record, bad, now_us))
        return out

    def on_batch(self, records: Iterable[Telemetry | Event], now_us: int = 0) -> list[Output]:
        """Take records that came together, in the order of their arrival: a packet that gathers many arrivals is cut where an
        event arrived, so that the event finds the game as it was then."""
        events: list[Event] = []
        packets: list[Telemetry] = []
        for record in records:
            (packets if isinstance(record, Telemetry) else events).append(record)  # type: ignore[arg-type]
        events.sort(key=lambda event: event.arrival_us or now_us)
        out: list[Output] = []
        next_event, newest_us = 0, NEVER
        for packet in packets:
            stamps = packet.arrival_us
            if isinstance(stamps, int):
                stamps = np.array([stamps or now_us], np.int64)
            running = np.maximum.accumulate(np.maximum(stamps, newest_us))
            at = 0
            while next_event < len(events):
                arrival_us = events[next_event].arrival_us or now_us
                cut = int(np.searchsorted(running, arrival_us, side="right"))
                if cut >= len(running):
                    break
                cut = cut if len(running) == len(packet) else 0
                if cut > at:
                    out.extend(self.on_record(packet.take(slice(at, cut)), now_us))
                    at = cut
                out.extend(self.on_record(events[next_event], now_us))
                next_event += 1
            out.extend(self.on_record(packet.take(slice(at, None)) if at else packet, now_us))
            newest_us = int(running[-1]) if len(running) else newest_us
        for event in events[next_event:]:
            out.extend(self.on_record(event, now_us))
        return out

    def on_time(self, now_us: int) -> list[Output]:
        """Arrival time has come to ``now_us``. A feed that has gone quiet gets provisional values; no watermark moves."""
        if not self.events.has_tracking or self._ended or self.clock.telemetry_us == NEVER:
            return []
        tape, grid = self.tape, self.grid
        last = max(0, int(tape.grid_row[tape.computed - 1]))
        open_us = grid.t_us((last // grid.hop + 1) * grid.hop)
        end_us = max(open_us, self._shown_us + grid.hop_us)
        # Past the blank windows there is nothing left to say.
        if end_us - open_us > self.framer.blank_limit * grid.hop_us or self.framer.blanks >= self.framer.blank_limit:
            return []
        if end_us + grid.hop_us > now_us - self.clock.telemetry_lateness_us:
            return []
        # What would be final if nothing more came: compute it on the state as it is, then put the state back.
        arrays, rejected = self._arrays(copy=True), int(self.framer.rejects.filled[0])
        out: list[Output] = []
        self._patience.renew()
        try:
            if ready := self.framer.advance(end_us + self.framer.wait_us, self._batch):
                out = last_only(self.windows.run(ready, now_us, self.framer.seen_us, "provisional"))
                self._shown_us = end_us
        finally:
            self._load_arrays(arrays)
            self.framer.rejects.filled[0] = rejected
        return out

    def finish(self) -> list[Output]:
        """The stream is over: everything that is still open closes."""
        out: list[Output] = []
        if self._ended:
            return out
        self._ended = True
        self._patience.renew()
        ingress_us = self.clock.now_us
        if self.events.has_tracking and self.clock.telemetry_us != NEVER:
            last = self.grid.row_at_or_before(self.clock.telemetry_us - 1) + 1
            group_end = -(-last // self.grid.hop) * self.grid.hop
            self._frame(self.grid.t_us(group_end) + self.framer.wait_us, ingress_us, out)
            self.meters.counts["accepted", "sample"] -= self.quarantine.samples(self.framer, out)
        self.framer.until_us = 1 << 62
        self.clock.end()
        self.settling.release(out, ingress_us)
        return out

    def snapshot(self) -> bytes:
        """All that the next record may depend on."""
        settling = self.settling
        waiting, settled = settling.book.dump()
        plain = _Plain(
            self.clock.dump(),
            waiting,
            settled,
            self.events.account.dump(),
            settling.active,
            settling.ticked,
            settling.corrections.ticks,
            settling.corrections.events,
            self._drawn_row,
            self._ended,
            [(kind, reason, n) for (kind, reason), n in sorted(self.meters.counts.items())],
            sorted(self.events.unavailable),
        )
        return snapshot.pack(self.sport.name, self.game.game, self._fingerprint, plain, self._arrays())

    def restore(self, raw: bytes) -> None:
        """Take over the state of a snapshot; ``BadSnapshot`` when it is not one of this game, or a signal has changed its shape."""
        plain, arrays = snapshot.unpack(raw, self.sport.name, self.game.game, self._fingerprint, _Plain)
        try:
            self._load_arrays(arrays)
            self.events.account.load(plain.account)
        except (ValueError, KeyError, msgspec.DecodeError) as error:
            raise BadSnapshot(f"the snapshot does not fit this operator: {error}") from None
        self.clock.load(plain.clock)
        settling = self.settling
        settling.book.load(plain.waiting, plain.settled)
        settling.active, settling.ticked = plain.active, plain.ticked
        settling.corrections.ticks, settling.corrections.events = plain.tick_revisions, plain.event_revisions
        settling.moments.clear()
        self.meters.counts.clear()
        self.meters.counts.update({(kind, reason): n for kind, reason, n in plain.counts})
        self._drawn_row, self._ended = plain.drawn_row, plain.ended
        self.events.unavailable = set(plain.unavailable)

    # -- telemetry -------------------------------------------------------------------------------------------------

    def _on_event(self, event: Event, now_us: int, out: list[Output]) -> None:
        known, unknown = self.events.known(event)
        if unknown is not None and self.strict:
            raise unknown
        try:
            news = self.settling.take(known, now_us, out)
        except BadRecord as bad:
            raise unknown or bad from None
        if news and unknown is not None:
            out.append(self.quarantine.record(event, unknown, now_us))

    def _on_telemetry(self, packet: Telemetry, now_us: int, out: list[Output]) -> None:
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
        self.meters.counts["accepted", "sample"] += len(packet) - rejected
        self.meters.arrival_us = self.clock.now_us

    def _frame(self, watermark_us: int, ingress_us: int, out: list[Output]) -> None:
        """Frame, compute and release up to the watermark, a batch at a time."""
        framer, tape = self.framer, self.tape
        while True:
            before = framer.next_row
            self._watch.start()
            ready = framer.advance(watermark_us, self._batch)
            self._watch.lap(self._rows_step)
            if self.draw:
                self._draw(out)
            if ready:
                out.extend(self.windows.run(ready, ingress_us, framer.seen_us, "final"))
                self.meters.windows += ready // self.grid.hop
                self.meters.watermark_us = int(tape.t_us[tape.computed - 1])
                rows = slice(tape.computed - ready, tape.computed)
                self.settling.passed(tape.t_us[rows], tape.grid_row[rows])
            self.settling.release(out, ingress_us)
            # Less than a whole batch: the watermark is reached.
            if framer.next_row - before < self._batch:
                return

    def _draw(self, out: list[Output]) -> None:
        tape = self.tape
        last = int(tape.grid_row[tape.framed - 1])
        if last <= self._drawn_row:
            return
        first = tape.framed - 1
        if int(tape.grid_row[first - 1]) != self._drawn_row:
            first = int(np.searchsorted(tape.grid_row[: tape.framed], self._drawn_row, side="right"))
        self._drawn_row = last
        xyz = tape.frames.xyz[first : tape.framed]
        t_us = tape.t_us[first : tape.framed]
        if not self.framer.all_filled:
            some = np.isfinite(xyz[:, :, 0]).any(axis=1)
            xyz, t_us = xyz[some], t_us[some]
        if len(xyz):
            period = int(tape.frames.period[tape.framed - 1])
            out.append(FrameBlock(self.game.game, self.sport.name, self.roster.ids, t_us.copy(), xyz.astype(np.float32), period))

    # -- state -----------------------------------------------------------------------------------------------------

    def _arrays(self, copy: bool = False) -> dict[str, Any]:
        arrays = {f"tape.{k}": v for k, v in self.tape.dump().items()}
        arrays |= {f"framer.{k}": v for k, v in self.framer.dump().items()}
        arrays |= {f"windows.{k}": v for k, v in self.windows.dump().items()}
        arrays |= {f"ticks.{k}": v for k, v in self.events.ticks.dump().items()}
        return {k: v.copy() for k, v in arrays.items()} if copy else arrays

    def _load_arrays(self, arrays: dict[str, Any]) -> None:
        self.tape.load({k[5:]: v for k, v in arrays.items() if k.startswith("tape.")})
        self.framer.load({k[7:]: v for k, v in arrays.items() if k.startswith("framer.")})
        self.windows.load({k[8:]: v for k, v in arrays.items() if k.startswith("windows.")})
        self.events.ticks.load({k[6:]: v for k, v in arrays.items() if k.startswith("ticks.")})


def _count(meters: OperatorMetrics, stat: str, refused: Refused, guard: Guard) -> None:
    """Final values that are missing, since the model of the stat may not be asked for them, or the game was joined in the middle.
    No method: see ``eventing._apply``."""
    for reason, rows in refused.reasons(guard).items():
        meters.counts[UNAVAILABLE, f"{stat}: {reason}"] += rows


def _fingerprint(operator: GameOperator) -> str:
    """What a snapshot must have in common with the operator that takes it over: the game, its entities and its grid. Signals and
    ledger go by name, so that a newer version with more stats, or fewer, takes over a game in its middle."""
    game = operator.game
    parts = [operator.grid, game.t0_us, game.periods, game.tags, game.feeds, *operator.roster.ids]
    return hashlib.blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()


class _Plain(msgspec.Struct, array_like=True):
    clock: tuple[int, int, int]
    waiting: list[Event]
    settled: dict[str, int]
    account: bytes
    active: list[int]
    ticked: int
    tick_revisions: dict[int, int]
    event_revisions: dict[str, int]
    drawn_row: int
    ended: bool
    counts: list[tuple[str, str, int]]
    unavailable: list[tuple[str, str]] = []
