"""A subscription: its filter, and the cursor from which it resumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from models.serving.access import Grant
from streaming.errors import BadInput
from streaming.wire import topics

MAX_PATTERNS = 64


#: second words of topics that belong to no sport: ``stats.game.highlight``
COMMON_WORDS = ("game", "*", "#")


class Forbidden(BadInput):
    """A subscription to what the client's token does not cover."""


@dataclass(frozen=True)
class Filter:
    """Topic patterns, and the games and subjects they are restricted to (empty: all). Equal ones share an encoding. ``grant`` is
    None where every game may be read."""

    patterns: tuple[str, ...]
    games: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    grant: Grant | None = None
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, patterns: Sequence[str], games: Sequence[str] = (), subjects: Sequence[str] = ()) -> Filter:
        """``BadInput`` with one sentence when a pattern is not one."""
        cleaned = tuple(sorted({p.strip() for p in patterns if p.strip()}))
        if not cleaned:
            raise BadInput("no topics: subscribe with, for example, topics=stats.soccer.shot.*")
        if len(cleaned) > MAX_PATTERNS:
            raise BadInput(f"a subscription has at most {MAX_PATTERNS} topic patterns")
        for pattern in cleaned:
            try:
                topics.pattern(pattern)
            except ValueError as error:
                raise BadInput(str(error)) from None
        return cls(cleaned, frozenset(g for g in games if g), frozenset(s for s in subjects if s))

    def matches(self, address: str) -> bool:
        """Whether a pattern matches the address."""
        known = self._known.get(address)
        if known is None:
            known = any(topics.pattern(p).match(address) is not None for p in self.patterns)
            self._known[address] = known
        return known

    def includes_game(self, game: str, sport: str = "") -> bool:
        """Whether the game is asked for and may be read; ``sport`` is empty while it is not known."""
        return (not self.games or game in self.games) and (self.grant is None or self.grant.reads_game(game, sport))

    def restricted(self, grant: Grant, sport_of: Callable[[str], str]) -> Filter:
        """The same for a client with this grant, to which other games do not exist; ``Forbidden`` where it names what the grant
        does not cover. ``sport_of`` is the sport of a game, empty when there is no such game."""
        if grant.reads_all:
            return self
        for game in sorted(self.games):
            if not grant.reads_game(game, sport_of(game)):
                raise Forbidden(f"this token may not read the game {game[:80]!r}")
        sports = {scope.partition(":")[2] for scope in grant.scopes if scope.startswith("sport:")}
        sports |= {sport_of(scope.partition(":")[2]) for scope in grant.scopes if scope.startswith("game:")}
        for pattern in self.patterns:
            words = pattern.split(".")
            if len(words) > 1 and words[1] not in COMMON_WORDS and words[1] not in sports:
                raise Forbidden(f"this token may not read {pattern}: it covers {', '.join(sorted(grant.scopes))}")
        return replace(self, grant=grant, _known={})


def split(values: Sequence[str]) -> list[str]:
    """Query values, repeated or joined by commas, as a list."""
    return [word for value in values for word in value.split(",") if word]


def write_cursor(seqs: dict[str, int]) -> str:
    """The id of a stream over several games.

    >>> write_cursor({"a/b": 3, "c": 9})
    'a%2Fb:3,c:9'
    """
    return ",".join(f"{quote(game, safe='')}:{seq}" for game, seq in seqs.items())


def read_cursor(cursor: int | str | None, games: frozenset[str]) -> dict[str, int]:
    """Game -> last seq seen. A bare number is of the one game that is subscribed to. ``BadInput`` on anything else."""
    if cursor is None or cursor == "":
        return {}
    error = BadInput("a cursor is the last seq of the one game of the subscription, or GAME:SEQ,GAME:SEQ as a stream's id has it")
    words = str(cursor).split(",")
    if len(words) > 4096:
        raise error
    if len(words) == 1 and _number(words[0]):
        if len(games) != 1:
            raise error
        return {next(iter(games)): int(words[0])}
    seqs = {}
    for word in words:
        game, colon, seq = word.partition(":")
        if not colon or not _number(seq):
            raise error
        seqs[unquote(game)] = int(seq)
    return seqs


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
