"""Whether a stamp of arrival can be right. One wrong one must not move a game's clock: everything after it would be late.

A game's event time is bounded by its arrival clock, so the arrival clock has to be bounded, too. A record of a live game arrived
when the broker got it: its stamp may be a few seconds ahead of the broker's clock. Where a recording is sent, or a simulated game
faster than it is played, the stamps are of another time, and their own course is all there is: there a stamp may be ahead of the
newest by the length of a pause, and every runner decides as a replay does.

A stamp that runs further ahead is neither believed nor refused at once: after a pause of a game that is sent fast every stamp does.
Its record is held. When the next ones go on from there, and from one another, all of them are taken, in their order. When the old
clock goes on instead, the held ones are dead letters. Stamps alone decide, one by one, so that the answer does not depend on how
samples are packed.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np

from streaming.wire.feed import decode_feed, encode_feed
from streaming.wire.records import Event, GameRecord, Telemetry
from streaming.wire.set_clocks import SET_BACK_US, EvenClock

#: no record has been seen
NEVER: Final = -(1 << 62)
#: nothing of a game happens so long before its t0, us
FAR_US: Final = 12 * 3_600_000_000
#: how far a stamp may run ahead of the broker's clock, us
TOLERANCE_US: Final = 5_000_000

#: a game whose first stamp is so near the broker's clock is live, and its stamps are compared with that clock, us
LIVE_US: Final = 60_000_000

#: without a broker's clock (a replay) a pause of this length is nothing unusual, us: with tracking, and where there are only events
PAUSE_US: Final = 60_000_000
EVENTS_PAUSE_US: Final = 1_800_000_000
#: held records are taken when so many stamps, over so long, from so many records, have gone on from there
STAMPS: Final = 8
SPAN_US: Final = 10_000_000
RECORDS: Final = 3
#: and refused when so many stamps have gone on with the old clock
AGAINST: Final = 2
#: more is not held: a snapshot has to hold it, too, bytes
MOST_BYTES: Final = 2_500_000

_NO_STAMPS: Final = (0, NEVER, NEVER, NEVER)

Record = Telemetry | Event


Verdict = Literal["taken", "held", "confirmed", "caught up", "refused"]


class Held(msgspec.Struct, array_like=True):
    """What a snapshot keeps of the guard."""

    newest_us: int = NEVER
    lead_us: int = NEVER
    against: int = 0
    refused: bool = False
    stamps: tuple[int, int, int, int] = (0, NEVER, NEVER, NEVER)
    records: list[bytes] = []
    #: what the clocks of the stamps and of the broker were set back by, and the broker's newest time
    stamps_added_us: int = 0
    broker_added_us: int = 0
    broker_us: int = NEVER


class Verdicts(NamedTuple):
    """Records (or the samples of one) to be taken, in order, and those whose stamps cannot be right."""

    taken: list[Record]
    refused: list[Record]


class ArrivalGuard:
    """The guard of one game; ``tolerance_us`` is how far a stamp may run ahead of the broker's clock."""

    def __init__(self, game: GameRecord, tolerance_us: int = TOLERANCE_US) -> None:
        self.t0_us, self.tolerance_us = game.t0_us, tolerance_us
        self.pause_us = PAUSE_US if any(feed.kind == "telemetry" for feed in game.feeds) else EVENTS_PAUSE_US
        #: arrival time that is known to have passed although nothing arrived
        self.passed_us = NEVER
        self._newest_us = self._lead_us = NEVER
        self._held: list[Record] = []
        #: whether there were wrong stamps in this game
        self._refused = False
        self._held_bytes = self._against = self._records = 0
        #: stamps that agree with the held ones: how many, the earliest, the latest, the last
        self._stamps = _NO_STAMPS
        self._ingress, self._broker, self._broker_us = EvenClock(), EvenClock(), NEVER

    def even(self, record: Record, now_us: int) -> tuple[Record, int]:
        """The record and the broker's time of it, to be called before :meth:`take`: with the stamps that they would have, had
        nobody set a clock back while the game was on."""
        if now_us:
            now_us = self._broker.time_us(now_us, self._broker_us)
            self._broker_us = max(self._broker_us, now_us)
        stamps, newest_us = record.arrival_us, self._newest_us
        if isinstance(stamps, int):
            if not stamps or (newest_us - stamps <= SET_BACK_US and not self._ingress.added_us):
                return record, now_us
            even_us = self._ingress.time_us(stamps, newest_us)
            if even_us == stamps:
                return record, now_us
            if isinstance(record, Event):
                return msgspec.structs.replace(record, arrival_us=even_us), now_us
            found = record.take(slice(None))
            found.arrival_us = even_us
            return found, now_us
        if not self._ingress.added_us and newest_us - int(stamps.min(initial=newest_us)) <= SET_BACK_US >= np.ptp(stamps):
            return record, now_us
        assert isinstance(record, Telemetry)
        evened = stamps.copy()
        for row, stamp in enumerate(stamps.tolist()):
            evened[row] = even_us = self._ingress.time_us(stamp, newest_us)
            if newest_us == NEVER or newest_us < even_us <= newest_us + SET_BACK_US:
                newest_us = even_us
        found = record.take(slice(None))
        found.arrival_us = evened
        return found, now_us

    @property
    def waiting(self) -> int:
        """How many records are held."""
        return len(self._held)

    def take(self, record: Record, now_us: int) -> Verdicts:
        """Judge a record that the broker got at ``now_us`` (0: not known). One without a stamp has the broker's time."""
        arrival = record.arrival_us
        if isinstance(arrival, int) and not arrival:
            return Verdicts([record], [])
        # the first stamps of a game are judged one by one: what the first is compared with is wider than what the next one is
        if not self._held and (self._newest_us != NEVER or isinstance(arrival, int)):
            newest = int(arrival.max(initial=0)) if isinstance(arrival, np.ndarray) else arrival
            if newest <= self._limit(now_us):
                self._believe(newest, now_us)
                return Verdicts([record], [])
        if isinstance(record, Telemetry) and isinstance(arrival, np.ndarray):
            columns: tuple[Any, ...] = (record.t_us, record.tag, record.x_m, record.y_m, record.z_m, *record.channels.values())
            if any(len(column) != len(arrival) for column in columns):
                return Verdicts([record], [])  # ragged: it is refused for that
            return self._samples(record, arrival, now_us)
        out = Verdicts([], [])
        assert isinstance(arrival, int)
        kind = self._judge(arrival, now_us)
        if kind in ("held", "confirmed"):
            self._hold(record, out)
        self._settle(kind, now_us, out)
        if kind not in ("held", "confirmed"):
            out.taken.append(record)
        return out

    def end(self) -> Verdicts:
        """The game is over: what is held stands, unless something speaks against it: a record since, wrong stamps before, or, where
        the broker's clock is known, a time at which no game is still on."""
        held, far = self._held, self._lead_us != NEVER and self._stamps[1] > self._newest_us + FAR_US
        doubtful = self._refused or self._against > 0 or far
        self._let_go()
        return Verdicts([], held) if doubtful else Verdicts(held, [])

    # -- one stamp -------------------------------------------------------------------------------------------------

    def _limit(self, now_us: int) -> int:
        """The latest stamp that is believed."""
        reference = max(self._newest_us, self.passed_us)
        if now_us and self._lead_us != NEVER and abs(self._lead_us) <= LIVE_US:
            return max(reference, now_us + self.tolerance_us)
        if self._newest_us == NEVER:
            if now_us and abs(now_us - self.t0_us) <= FAR_US:
                return max(now_us, self.t0_us) + self.tolerance_us
            reference = max(reference, self.t0_us + FAR_US)  # a game may be joined in its middle
        return reference + self.pause_us

    def _believe(self, stamp_us: int, now_us: int) -> None:
        if stamp_us < self.t0_us - FAR_US:
            return  # no time of this game: it is refused for that, and nothing is compared with it
        if now_us and self._lead_us == NEVER:
            self._lead_us = stamp_us - now_us
        self._newest_us = max(self._newest_us, stamp_us)

    def _judge(self, stamp_us: int, now_us: int) -> Verdict:
        """What becomes of a record with this stamp ("taken" or "held"), or of those that are held: they are "refused", or the game
        has "caught up" with them, and this one is taken; or they and this one are "confirmed"."""
        if stamp_us <= self._limit(now_us):
            further = bool(self._stamps[0]) and stamp_us > self._newest_us
            self._believe(stamp_us, now_us)
            if further and self._stamps[2] <= self._limit(now_us):
                return "caught up"
            if further and self._stamps[1] > self._limit(now_us):
                self._against += 1
                self._stamps = 1, *(self._stamps[3],) * 3
                if self._against >= AGAINST:
                    return "refused"
            return "taken"
        number, first_us, newest_us, last_us = self._stamps
        if not number or abs(stamp_us - last_us) > self.pause_us:
            number, first_us, newest_us = 0, stamp_us, stamp_us  # it does not go on from the ones before
        if stamp_us != last_us:
            self._stamps = number + 1, min(first_us, stamp_us), max(newest_us, stamp_us), stamp_us
        number, first_us, newest_us, _ = self._stamps
        many = number >= STAMPS and self._records + 1 >= RECORDS
        return "confirmed" if many and newest_us - first_us >= SPAN_US else "held"

    def _hold(self, record: Record, out: Verdicts) -> None:
        self._held.append(record)
        self._records += 1
        self._held_bytes += len(encode_feed(record))
        if self._held_bytes > MOST_BYTES:
            self._refused = True
            out.refused.extend(self._held)
            self._let_go()

    def _settle(self, kind: str, now_us: int, out: Verdicts) -> None:
        if kind in ("confirmed", "caught up"):
            held, newest_us = self._held, self._stamps[2]
            self._let_go()
            self._believe(newest_us, now_us)
            if kind == "confirmed" and now_us:
                self._lead_us = self._newest_us - now_us  # the clock of the stamps was set ahead, and is followed from here on
            limit_us = self._limit(now_us)
            for record in held:
                # one of another clock than that which has been borne out
                good = _latest_us(record) <= limit_us
                (out.taken if good else out.refused).append(record)
                self._refused |= not good
        elif kind == "refused":
            self._refused = True
            out.refused.extend(self._held)
            self._let_go()

    def _let_go(self) -> None:
        self._held, self._stamps = [], _NO_STAMPS
        self._held_bytes = self._records = self._against = 0

    # -- samples with stamps of their own -----------------------------------------------------------------------------

    def _samples(self, packet: Telemetry, arrival: np.ndarray, now_us: int) -> Verdicts:  # type: ignore[type-arg]
        """The same for each sample of a packet in turn. Pieces of it are put together again, so that a packet of good and bad
        stamps in turns costs no more than its samples."""
        out = Verdicts([], [])
        taken: list[int] = []
        held: list[int] = []
        refused: list[int] = []
        last: int | None = None
        kind: Verdict = "taken"
        for row, stamp in enumerate(arrival.tolist()):
            if stamp != last:
                last, kind = stamp, self._judge(stamp, now_us)
                if kind == "refused":
                    refused.extend(held)
                    held = []
                    self._settle(kind, now_us, out)
                    kind = "taken"
                elif kind == "caught up":
                    self._settle(kind, now_us, out)
                    good = self._good(arrival, held, now_us, refused)
                    taken, held, kind = sorted(taken + good), [], "taken"
                elif kind == "confirmed":
                    held.append(row)
                    if taken:
                        out.taken.append(packet.take(taken))
                    self._settle(kind, now_us, out)
                    out.taken.append(packet.take(self._good(arrival, held, now_us, refused)))
                    taken, held, kind = [], [], "taken"
                    continue
            (held if kind == "held" else taken).append(row)
        if taken:
            out.taken.append(packet.take(taken))
        if refused:
            out.refused.append(packet.take(refused))
        if held:
            self._hold(packet.take(held), out)
        return out

    def _good(self, arrival: np.ndarray, rows: list[int], now_us: int, refused: list[int]) -> list[int]:  # type: ignore[type-arg]
        """Of held samples those of the clock that has been borne out; the others are ``refused``."""
        limit_us = self._limit(now_us)
        bad = [row for row in rows if arrival[row] > limit_us]
        refused.extend(bad)
        self._refused |= bool(bad)
        return [row for row in rows if arrival[row] <= limit_us]

    # -- state -----------------------------------------------------------------------------------------------------

    def dump(self) -> Held:
        records = [encode_feed(record) for record in self._held]
        added = self._ingress.added_us, self._broker.added_us, self._broker_us
        return Held(self._newest_us, self._lead_us, self._against, self._refused, self._stamps, records, *added)

    def load(self, saved: Held, now_us: int = NEVER) -> None:
        """The inverse of :meth:`dump`; ``BadRecord`` for a held record that is none. ``now_us`` is the newest arrival of a game
        whose snapshot is older than this guard."""
        self._let_go()
        self._newest_us = now_us if saved.newest_us == NEVER else saved.newest_us
        self._lead_us = saved.lead_us
        self._ingress, self._broker = EvenClock(saved.stamps_added_us), EvenClock(saved.broker_added_us)
        self._broker_us = saved.broker_us
        self._against, self._refused, self._stamps = saved.against, saved.refused, saved.stamps
        for raw in saved.records:
            record = decode_feed(raw)
            if isinstance(record, (Telemetry, Event)):
                self._held.append(record)
                self._records += 1
                self._held_bytes += len(raw)


def _latest_us(record: Record) -> int:
    stamps = record.arrival_us
    return stamps if isinstance(stamps, int) else int(stamps.max(initial=0))
