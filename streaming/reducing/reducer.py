"""Bytes of raw blocks in, packets of window statistics out: what a game's operator, a broker and a recording take from there on.

A window is closed for a source when a block of it begins at or after the window's end, by event time alone, so a replay of the
raw blocks gives the same packets. Blocks of one source come in order (they travel on one connection); one that repeats what is
known, or begins before it, is counted as late. Whatever cannot be used is counted with its reason and left out, and the stream
goes on; only where the boundary between blocks is lost the reducer looks for the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from streaming.errors import BadRecord
from streaming.reducing.blocks import (
    BLOCK_MAGIC,
    MAX_LENGTH_US,
    MAX_PLAN_BYTES,
    PLAN_MAGIC,
    PLAN_PREFIX,
    PREFIX,
    VERSION,
    Head,
    Plan,
    decode_head,
    decode_plan,
)
from streaming.reducing.kernel import LANES, gather
from streaming.wire.records import Telemetry

STATISTICS: Final = ("mean", "min", "max", "last")
POSITION: Final = ("x_m", "y_m", "z_m")
#: a silence of more windows than this is left out, not framed
MOST_AHEAD: Final = 600_000
#: plans of one connection, and the channels of all their sources together
MOST_PLANS: Final = 64
MOST_CELLS: Final = 262_144
#: windows that wait to be taken, bytes
MOST_CLOSED_BYTES: Final = 64_000_000


def column(channel: str, statistic: str) -> str:
    """The name of a channel's statistic in a packet: the mean goes by the channel's own name."""
    return channel if statistic == "mean" else f"{channel}.{statistic}"


class _Source:
    """The open window of one source of a plan."""

    __slots__ = ("done_us", "last", "least", "most", "n", "total", "window")

    def __init__(self, channels: int) -> None:
        self.total, self.last = np.zeros((channels, LANES)), np.full(channels, np.nan, np.float32)
        self.least, self.most = np.full(channels, np.inf, np.float32), np.full(channels, -np.inf, np.float32)
        self.n = np.zeros(channels, np.int64)
        self.window = -1
        self.done_us = -(1 << 62)

    def empty(self) -> None:
        self.total[:], self.last[:], self.least[:], self.most[:], self.n[:] = 0.0, np.nan, np.inf, -np.inf, 0


class _Game:
    """A plan with its sources, and the rows that have been closed since they were last taken."""

    def __init__(self, plan: Plan, wanted: Sequence[str] | None) -> None:
        self.plan = plan
        names = [channel.name for channel in plan.channels]
        offered = {column(name, s): (s, c) for c, name in enumerate(names) for s in STATISTICS}
        self.columns = {name: offered[name] for name in (offered if wanted is None else wanted) if name in offered}
        self.place = [names.index(name) if name in names else -1 for name in POSITION]
        #: those that have sent a block
        self.sources: dict[int, _Source] = {}
        self._known = frozenset(plan.sources)
        self.closed: list[tuple[int, int, Any]] = []
        self.at = np.zeros(len(names), np.int64)
        self._layouts: dict[tuple[Any, ...], Any] = {}

    def source(self, number: int) -> _Source | None:
        """None for one that the plan does not name. Room is taken with its first block, not by being named."""
        if number not in self._known:
            return None
        if number not in self.sources:
            self.sources[number] = _Source(len(self.plan.channels))
        return self.sources[number]

    @property
    def full(self) -> bool:
        """Whether so many windows have been closed that they have to be taken first."""
        return len(self.closed) * 16 * len(self.at) > MOST_CLOSED_BYTES


class Reducer:
    """``feed`` takes bytes as they come, in pieces of any size; ``take`` hands over what has been closed.

    Parameters
    ----------
    hop_us : length of a window, counted from each game's t0
    wanted : names of the columns that packets carry (:func:`column`); None: four of every channel
    """

    def __init__(self, hop_us: int = 100_000, wanted: Sequence[str] | None = None) -> None:
        self.hop_us, self.wanted = hop_us, wanted
        self.games: dict[int, _Game] = {}
        #: (kind, reason) -> how many: blocks and samples that were accepted, late, or could not be used
        self.counts: Counter[tuple[str, str]] = Counter()
        self._rest = bytearray()
        self._lost = False
        self._scratch = np.zeros(LANES), np.zeros(LANES, np.float32), np.zeros(LANES, np.float32)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """The next bytes of the stream; a block that is not whole yet is held until the rest of it arrives."""
        if self._rest:
            self._rest += data
            used = self.read(memoryview(bytes(self._rest)))
            del self._rest[:used]
        else:
            used = self.read(memoryview(data))
            if used < len(data):
                self._rest += memoryview(data)[used:]

    def read(self, data: memoryview) -> int:
        """Process the whole blocks at the beginning of ``data``; returns how many bytes that were. No copy is made."""
        at, end = 0, len(data)
        while end - at >= PLAN_PREFIX.size:
            magic = bytes(data[at : at + 2])
            if magic == PLAN_MAGIC:
                _, version, _, size = PLAN_PREFIX.unpack_from(data, at)
                if version == VERSION and size <= MAX_PLAN_BYTES:
                    if end - at < PLAN_PREFIX.size + size:
                        return at
                    self._found()
                    self._plan(bytes(data[at + PLAN_PREFIX.size : at + PLAN_PREFIX.size + size]))
                    at += PLAN_PREFIX.size + size
                    continue
            elif end - at < PREFIX.size and magic == BLOCK_MAGIC:
                return at
            try:
                head = decode_head(data, at) if magic == BLOCK_MAGIC else None
            except BadRecord as bad:
                self._lose(bad.reason)
                head = None
            if head is None:
                at = self._resume(data, at)
                continue
            if end - at < PREFIX.size + head.body_bytes:
                return at
            self._found()
            self._block(head, data[at + PREFIX.size : at + PREFIX.size + head.body_bytes])
            at += PREFIX.size + head.body_bytes
        return at

    def _lose(self, reason: str) -> None:
        if not self._lost:
            self.counts["quarantined", reason] += 1
            self._lost = True

    def _found(self) -> None:
        self._lost = False

    def _resume(self, data: memoryview, at: int) -> int:
        """The boundary is lost: where the next block or plan may begin."""
        self._lose("not a block")
        raw = bytes(data[at + 1 : at + (1 << 20)])
        hits = [hit for hit in (raw.find(BLOCK_MAGIC), raw.find(PLAN_MAGIC)) if hit >= 0]
        found = at + 1 + min(hits) if hits else at + max(len(raw), 1)
        self.counts["skipped", "byte"] += found - at
        return found

    def _plan(self, body: bytes) -> None:
        try:
            plan = decode_plan(body)
        except BadRecord as bad:
            self.counts["quarantined", bad.reason] += 1
            return
        if plan.number not in self.games:
            if plan.cells + sum(game.plan.cells for game in self.games.values()) > MOST_CELLS or len(self.games) >= MOST_PLANS:
                self.counts["quarantined", "too many plans"] += 1
                return
            self.games[plan.number] = _Game(plan, self.wanted)
        self.counts["accepted", "plan"] += 1

    def _block(self, head: Head, body: memoryview) -> None:
        game = self.games.get(head.plan)
        if game is None:
            self.counts["quarantined", "unknown plan"] += 1
            return
        source, plan = game.source(head.source), game.plan
        if source is None:
            self.counts["quarantined", "unknown source"] += 1
            return
        end_us = head.start_us + head.length_us
        if not 0 < head.length_us <= MAX_LENGTH_US or not 0 <= head.start_us - plan.t0_us < MOST_AHEAD * self.hop_us:
            self.counts["quarantined", "time out of range"] += 1
            return
        edges = plan.edges(head.start_us)
        counts = plan.edges(end_us) - edges
        if 4 * int(counts.sum()) != head.body_bytes:
            self.counts["quarantined", "wrong length"] += 1
            return
        if game.full:
            self.counts["quarantined", "too many windows"] += 1
            return
        if head.start_us < source.done_us:
            self.counts["late", "late"] += 1
            return
        source.done_us = end_us
        samples = np.frombuffer(body, np.float32)
        game.at[:] = 0
        window = (head.start_us - plan.t0_us) // self.hop_us
        while plan.t0_us + window * self.hop_us < end_us:
            self._open(game, head.source, source, window)
            until = plan.edges(plan.t0_us + (window + 1) * self.hop_us)
            bad = gather(
                samples,
                edges,
                counts,
                until,
                source.total,
                source.least,
                source.most,
                source.last,
                source.n,
                game.at,
                *self._scratch,
            )
            if bad:
                self.counts["quarantined", "not a finite sample"] += bad
            window += 1
        self.counts["accepted", "block"] += 1
        self.counts["accepted", "sample"] += len(samples)
        if end_us >= plan.t0_us + window * self.hop_us:
            self._close(game, head.source, source)

    def _open(self, game: _Game, number: int, source: _Source, window: int) -> None:
        if source.window != window:
            self._close(game, number, source)
            source.window = window

    def _close(self, game: _Game, number: int, source: _Source) -> None:
        if source.window < 0:
            return
        total = source.total[:, 0].copy()
        for lane in range(1, LANES):
            total += source.total[:, lane]
        mean = np.divide(total, source.n, out=np.full(len(total), np.nan), where=source.n > 0)
        values = np.stack([mean.astype(np.float32), source.least, source.most, source.last])
        values[:, source.n == 0] = np.nan
        game.closed.append((source.window, number, values))
        source.empty()
        source.window = -1

    def take(self, now_us: int) -> list[Telemetry]:
        """A packet per game of the windows that have been closed since the last call, stamped as arrived at ``now_us``."""
        found = []
        for game in self.games.values():
            if game.closed:
                game.closed.sort(key=lambda row: row[:2])
                found.append(self._packet(game, now_us))
                game.closed = []
        return found

    def finish(self, now_us: int) -> list[Telemetry]:
        """The stream is over: what is still open closes, and what is cut short is counted."""
        if self._rest:
            self.counts["quarantined", "truncated"] += 1
            self._rest.clear()
        for game in self.games.values():
            for number, source in game.sources.items():
                self._close(game, number, source)
        return self.take(now_us)

    def _packet(self, game: _Game, now_us: int) -> Telemetry:
        windows = np.array([window for window, _, _ in game.closed], np.int64)
        tags = np.array([number for _, number, _ in game.closed], np.uint32)
        values = np.stack([row for _, _, row in game.closed])
        nowhere = np.full(len(tags), np.nan, np.float32)
        x, y, z = (nowhere if c < 0 else np.ascontiguousarray(values[:, 3, c]) for c in game.place)
        channels = {
            name: np.ascontiguousarray(values[:, STATISTICS.index(statistic), c]) for name, (statistic, c) in game.columns.items()
        }
        t_us = game.plan.t0_us + (windows + 1) * self.hop_us
        return Telemetry(game.plan.game, game.plan.feed, t_us, tags, x, y, z, now_us, channels=channels)
