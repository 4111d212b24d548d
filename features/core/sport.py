"""What a sport declares: its field, its signals, its steps and the table of its stats. Found by its entry point."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, Literal

from features.core.event_context import EventContext
from features.core.frames import Field, Frames
from features.core.plugins import PluginGroup

#: axis names a declared shape may use: N entities; integers stand for themselves (2 for the two teams)
Dim = Literal["N"] | int

Per = Literal["player", "team", "ball", "match"]


@dataclass(frozen=True)
class Signal:
    """One named array on the grid: (rows, *dims), filled with ``fill`` before the first row.

    ``keep_s`` is how far back readers look, beyond one window: the operator carries no more than the longest of a signal.
    ``places`` are columns (None: the whole signal) whose values are places on an axis of so many (-1 or NaN for none): compiled
    code that goes by one does not look whether it is there, so a state from outside is checked for it.
    """

    name: str
    unit: str
    dims: tuple[Dim, ...] = ()
    dtype: str = "f8"
    fill: float = float("nan")
    keep_s: float = 0.0
    places: tuple[tuple[int | None, Dim], ...] = ()


@dataclass(frozen=True)
class Step:
    """One named, timed piece of work on new rows: reads earlier signals, writes its own rows ``lo..hi``.

    ``state`` names arrays that must survive between calls (dims as in ``Signal``); they start as zeros and are reached as
    ``frames.state["<step name>.<key>"]``. A cumulative quantity needs none: its own previous row is the state.
    ``limits`` are, by array, columns of its last axis with their least and largest value, where ``compute`` counts on that.
    ``bind(frames)`` is ``compute`` for the frames of one game, whose buffers stay where they are: it looks them up once.
    """

    name: str
    compute: Callable[[Frames], None]
    writes: tuple[Signal, ...] = ()
    state: Mapping[str, tuple[Dim, ...]] = field(default_factory=dict)
    bind: Callable[[Frames], Callable[[Frames], None]] | None = None
    limits: Mapping[str, tuple[tuple[int, float, float], ...]] = field(default_factory=dict)

    def bound(self, frames: Frames) -> Callable[[Frames], None]:
        """What to call for every batch of new rows of this game."""
        return self.compute if self.bind is None else self.bind(frames)


#: a value that adds up since the game began
WHOLE_GAME: Final = float("inf")


@dataclass(frozen=True)
class Stat:
    """One row of the catalogue. Three kinds, by what closes them:

    - window (telemetry): ``compute(frames, ends) -> (K, S)`` or ``(K, S, D)`` with one value per window end row;
      S is N for ``per="player"`` (ball column ignored), the number of teams for "team", 1 for "ball" and "match".
    - event (``on`` names event types): ``compute(event, ledger) -> float | Sequence[float] | str | dict | None``. With ``model``
      it returns the features (F,) in the model's order, NaN where missing, and the model's answer is the value.
    - tick (``ticks=True``): ``compute(ledger, t_s) -> (S,)`` or ``(S, D)`` every ``every_s`` once the event feed closed;
      with ``model`` it returns features (S, F).

    Where a tick stat's model answers how one whole is divided among the subjects, such as the chances of all who may win,
    ``normalise`` makes each answer of an instant its share of their sum. Subjects without an answer have no share.
    A tick stat that is ``ledger_only`` depends on the ledger and not on the time: it is computed again when an event changes that.
    A value that ``holds`` goes out when it changes and is true until it does: that of every tick stat, and of the window stats that
    say so, since they repeat themselves for most of a game.
    An event stat that ``depends_on_ledger`` and the event's facts, not on frames, is issued again when a
    correction of an earlier event changes it.

    ``looks_back_s`` is how much of the game before it a value of a window or tick rests on: :data:`WHOLE_GAME` for what adds up
    from the beginning; of a window's vector one figure for all components, or one for each. A game that was joined in the middle
    has no such value before so much of it has been seen. For ticks a ledger may say how much that is by a property ``joined_s``:
    from when on it has seen the game, s, NaN where it has seen all of it.

    A stat that is no model's own answer but adds up such answers, or compares with them, names those models in ``built_on``:
    where one of them is withheld from the air, so is the stat.

    Values are SI; ``unit`` is what goes on the wire. ``components`` name the D parts of a vector. Event stats run in
    table order, and each one's SI value is then found in ``event.facts[id]``, where later stats and ``apply`` steps read it.
    """

    id: str
    unit: str
    definition: str
    per: Per
    compute: Callable[..., Any]
    _: KW_ONLY
    every_s: float = 0.0
    on: tuple[str, ...] = ()
    ticks: bool = False
    ledger_only: bool = False
    holds: bool = False
    normalise: bool = False
    depends_on_ledger: bool = False
    model: str | None = None
    built_on: tuple[str, ...] = ()
    looks_back_s: float | tuple[float, ...] = 0.0
    components: tuple[str, ...] = ()
    on_screen_name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.normalise and (not self.ticks or self.model is None or self.components):
            raise ValueError(f"{self.id}: only what a model answers on a tick, a number for each subject, can be normalised")

        if not isinstance(self.looks_back_s, float) and len(self.looks_back_s) != len(self.components):
            raise ValueError(f"{self.id}: looks_back_s is one figure, or one for each component")

    @property
    def held(self) -> bool:
        """Whether its value goes out only when it changes."""
        return self.ticks or self.holds

    @property
    def kind(self) -> Literal["window", "event", "tick"]:
        return "event" if self.on else "tick" if self.ticks else "window"


@dataclass(frozen=True)
class EventStep:
    """Work done once per event, in event order: ``extract`` steps read frames and put facts (floats, lists, strings) into
    ``event.facts``; ``apply`` steps fold event and facts into the ledger and never look at frames, so that a correction
    can be replayed long after the frames are gone."""

    name: str
    compute: Callable[..., None]
    on: tuple[str, ...]
    phase: Literal["extract", "apply"]


@dataclass(frozen=True, kw_only=True)
class Sport:
    """All that the engine needs to know of a sport.

    ``max_speed_mps`` by role bounds what a sensor may claim (a faster jump is a teleport); ``align(frames, moment, lo, hi)``
    picks the row an event happened in (nearest in time when None); ``ledger`` builds the running account of a game, a
    msgspec Struct of plain values.
    """

    name: str
    field: Field
    grid_hz: float
    hop_s: float
    span_s: float
    max_speed_mps: Mapping[str, float]
    event_types: frozenset[str]
    signals: tuple[Signal, ...]
    steps: tuple[Step, ...]
    event_steps: tuple[EventStep, ...]
    stats: tuple[Stat, ...]
    ledger: type[Any]
    align: Callable[[Frames, EventContext, int, int], int] | None = None
    roles: tuple[str, ...] = ("player", "ball")
    #: how many teams a game has: two sides (home, away), or any number from one on (None)
    teams: int | None = 2
    #: telemetry channels that become signals of the same name, (rows, N), last value held
    channels: tuple[str, ...] = ()
    #: mounts whose own places are kept: mount -> the two of ``channels`` that hold its x and y, on the grid as ``xyz`` is
    mounts: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)

    def stat(self, stat_id: str) -> Stat:
        for stat in self.stats:
            if stat.id == stat_id:
                return stat
        raise KeyError(stat_id)


#: every sport is an entry point of this group, ``module:object``
SPORTS: Final = PluginGroup("touchline.sports", "sport")


def sports() -> list[str]:
    """Names of the sports that can be loaded; none is imported."""
    return SPORTS.names()


def load_sport(name: str) -> Sport:
    """The sport called ``name``; ``ValueError`` with one sentence where it cannot be had."""
    sport = SPORTS.load(name)
    if not isinstance(sport, Sport):
        raise SPORTS.misfit(name, "is no Sport")
    return sport
