"""One partition of the input: the games on it, and how far it has been finally used.

Outputs, offsets and state are committed together, but a game's whole state only every few seconds: it is large, and the operator
is deterministic. A game's stored state is a snapshot and its offset; a new owner of the partition restores it, reads on from there,
and publishes nothing until it has reached the last commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, TypeVar

import msgspec

from streaming.errors import BadSnapshot
from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.operator.session import GameSession, Make
from streaming.operator.signing import state_keys
from streaming.runners.kafka.state_store import PROGRESS
from streaming.wire.blocks import Output
from streaming.wire.records import Event

VERSION: Final = 1
#: a stored state, with room for its key and the broker's own head
MAX_STORED_BYTES: Final = MAX_MESSAGE_BYTES - 100_000


Offset = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]


class _StoredState(msgspec.Struct, array_like=True):
    """State of a game once every record before ``offset`` has been taken; ``ended_us`` is when its end was committed (0: it is on,
    or was stored before this was noted)."""

    version: int
    offset: Offset
    state: bytes
    ended_us: int = 0


class _Progress(msgspec.Struct, array_like=True):
    version: int
    offset: Offset


T = TypeVar("T", _StoredState, _Progress)


class Partition:
    """``offset`` is the next one to be read; below ``published`` earlier owners have published everything."""

    def __init__(self, number: int, sport: str, make: Make) -> None:
        self.number, self.sport, self._make = number, sport, make
        #: every game that was ever here, and of them those that are being played: the others cost nothing any more
        self.sessions: dict[str, GameSession] = {}
        self.playing: dict[str, GameSession] = {}
        self.offset = self.published = 0
        #: of the log, when the partition was taken over
        self.end = 0
        self._since: dict[str, int] = {}
        self._stored_s: dict[str, float] = {}
        self._dirty: set[str] = set()
        #: games that are over, the earliest first, and since when; and those of which it is still to be noted
        self._ended_us: dict[str, int] = {}
        self._ending: list[str] = []
        #: something was used or published since the last commit
        self.touched = False

    # -- taking over -----------------------------------------------------------------------------------------------

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Restore the states that the group has stored (``read_states``); ``BadSnapshot`` with one sentence."""
        self.published = self.stored_progress(states)
        for game, value in states.items():
            if game == PROGRESS:
                continue
            found = self._read(value, _StoredState, f"game {game!r}")
            session = GameSession(self.sport, game, self._make)
            session.restore(found.state, self._where(found.offset))
            self.sessions[game], self._since[game] = session, found.offset
            self._ended_us[game] = found.ended_us
        self.playing = {game: session for game, session in self.sessions.items() if session.phase == "on"}
        over = sorted((at_us, game) for game, at_us in self._ended_us.items() if game not in self.playing)
        self._ended_us = {game: at_us for at_us, game in over if at_us}
        self._ending = [game for at_us, game in over if not at_us]
        self.offset = min([self.published, *(self._since[game] for game in self.playing)])

    def stored_progress(self, states: Mapping[str, bytes]) -> int:
        """How far the group has used this partition by its stored states; ``BadSnapshot`` with one sentence."""
        raw = states.get(PROGRESS)
        if raw is None:
            return 0
        raw = state_keys().open(raw, self._where(), "the partition's progress")
        return self._read(raw, _Progress, "the partition's progress").offset

    def _read(self, raw: bytes, kind: type[T], what: str) -> T:
        try:
            version = msgspec.msgpack.decode(raw, type=list[object])[0]
            if version != VERSION:
                raise BadSnapshot(f"the stored state of {what} has version {version}, this program reads version {VERSION}")
            return msgspec.msgpack.decode(raw, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, IndexError, RecursionError) as error:
            raise BadSnapshot(f"the stored state of {what} cannot be read: {error}") from None

    # -- records ---------------------------------------------------------------------------------------------------

    def take(self, offset: int, key: bytes | None, value: bytes | None, now_us: int) -> tuple[str, list[Output | Event]]:
        """One message: its game and what is to be published. Nothing is, while records of an earlier owner are processed again."""
        game = (key or b"").decode("utf-8", "replace")
        self.offset, self.touched = offset + 1, True
        if offset < self._since.get(game, 0):
            return game, []
        session = self.sessions.get(game)
        known = session is not None
        if session is None:
            session = GameSession(self.sport, game, self._make)
        out = session.take(value or b"", now_us)
        if not known and session.phase != "waiting":
            self.sessions[game] = session  # a key that never starts a game leaves nothing behind
        if session.phase != "waiting":
            self._dirty.add(game)
        if session.phase == "on":
            self.playing[game] = session
        elif self.playing.pop(game, None) is not None:
            self._ending.append(game)
        return game, out if offset >= self.published else []

    def expire(self, now_us: int, keep_us: int) -> list[str]:
        """Drop the games that ended ``keep_us`` ago, and name them: their stored state is no longer needed. A late record of such a
        game is one of an unknown game. To be called before ``due``, which stores when the others ended."""
        self._ended_us |= dict.fromkeys(self._ending, now_us)
        self._ending.clear()
        gone = []
        for game, at_us in self._ended_us.items():
            if now_us - at_us < keep_us:
                break
            gone.append(game)
        for game in gone:
            for known in (self.sessions, self._since, self._stored_s, self._ended_us):
                known.pop(game, None)
            self._dirty.discard(game)
        return gone

    # -- states to store ------------------------------------------------------------------------------------------

    def due(self, now_s: float, every_s: float, most: int) -> Iterator[tuple[str, bytes]]:
        """Up to ``most`` snapshots that are older than ``every_s`` (0: all that changed), as (game, value), for the commit that is
        about to be made. The state of a game that has just begun or ended is always among them."""
        for game in sorted(self._dirty, key=lambda game: self._stored_s.get(game, -1.0)):
            first = game not in self._stored_s and game not in self._since
            if not first and game in self.playing:
                if most <= 0 or now_s - self._stored_s.get(game, -1e9) < every_s:
                    continue
                most -= 1
            self._stored_s[game] = now_s
            self._dirty.discard(game)
            value = self._stored(game)
            if len(value) > MAX_STORED_BYTES:
                # What cannot be stored cannot be handed over, and a broker that refuses it would stop all games of this process.
                self.sessions[game].give_up(f"its state of {len(value):,} bytes is more than a message of the broker holds")
                if self.playing.pop(game, None) is not None:
                    self._ending.append(game)
                value = self._stored(game)
            yield game, value

    def _stored(self, game: str) -> bytes:
        state = self.sessions[game].snapshot(self._where(self.offset))
        return msgspec.msgpack.encode(_StoredState(VERSION, self.offset, state, self._ended_us.get(game, 0)))

    def _where(self, offset: int = 0) -> bytes:
        """What a signature covers besides the state itself: a state of another partition, or with another offset, is not taken."""
        return f"{self.sport}/{self.number}/{offset}".encode()

    def progress(self) -> bytes:
        """How far this partition is used once the commit stands."""
        self.touched = False
        return state_keys().seal(msgspec.msgpack.encode(_Progress(VERSION, self.used)), self._where())

    @property
    def used(self) -> int:
        """The first offset that has not been used yet."""
        return max(self.offset, self.published)
