"""Whatever kloppy reads, as kloppy:FORMAT (kloppy:statsbomb, kloppy:opta, kloppy:metrica.tracking_epts, ...): events or tracking.

Which file is which is known by its name, else by the order of kloppy's arguments; ``kloppy`` without a format lists all. kloppy's
words become ours by one table (``_kloppy_events``), its places metres by its own coordinate systems.

Directions: tracking, and events in the stadium's view, keep their orientation. Where the files state it, the players' mean places
(or the shots) must not contradict it; where kloppy only guesses it, those decide. Events that are seen by the team that acts do not
say which way that was: home attacks +x in odd periods by our choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulators.providers import Imported
from simulators.providers._kloppy_events import direction_of, events_of
from simulators.providers._kloppy_frames import agree, attacks_of, grid_of, track_of
from simulators.providers._kloppy_loaders import load
from simulators.providers._stream import (
    EVENT_DELAY_US,
    NO_DATE_US,
    TRACKING_DELAY_US,
    Side,
    edges,
    in_arrival_order,
    in_time_order,
    tracking,
)
from simulators.providers.wyscout import score
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team

_SHOOTOUT: Final = 5
#: (provider, kind of data) whose files state a direction; what kloppy gives for others is its own guess
_STATES: Final = frozenset({("tracab", "TRACKING"), ("skillcorner", "TRACKING"), ("pff", "TRACKING"), ("sportec", "EVENT")})
#: loaders that turn the pitch upside down: Metrica counts y from the top of the picture in tracking as in events
_MIRRORED: Final = frozenset({"metrica.tracking_csv"})
#: net shots at one end that decide
_VOTES: Final = 3
#: a record this long before or after the start of its period does not belong to the match
_LONGEST_S: Final = 3 * 3600.0


def read(files: list[Path], kind: str = "") -> Imported:
    """One match, of kloppy's format ``kind``."""
    loaded = load(kind, files)
    dataset, main = loaded.dataset, loaded.main
    meta = dataset.metadata
    if len(meta.teams) != 2:
        raise BadInput(f"kloppy finds {len(meta.teams)} teams in {main}: a match has two")
    notes: Counter[str] = Counter({f"kloppy warns: {sentence}": 1 for sentence in loaded.warned[:5]})
    dataset.records[:] = _of_the_match(dataset.records, notes)
    start_us, dated = _starts(meta.periods)
    players: dict[str, Any] = {}
    for player in (player for team in meta.teams for player in team.players):
        first = players.setdefault(str(player.player_id), player)
        if first.team != player.team:
            raise BadInput(f"{main}: a player of each team has the id {player.player_id}")
        if first is not player:
            notes["a player is listed twice: the first counts"] += 1
    provider = loaded.loader.partition(".")[0]
    game = f"{provider}-{meta.game_id or main.name.split('.')[0].removeprefix(f'{provider}_')}"
    made = _tracking if dataset.dataset_type.name == "TRACKING" else _events
    return made(dataset, _Match(loaded.loader, game, files, players, start_us, dated, notes, loaded.still_on))


class _Match:
    """What both kinds of data have in common."""

    def __init__(
        self,
        kind: str,
        game: str,
        files: Sequence[Path],
        players: Mapping[str, Any],
        start_us: dict[int, int],
        dated: bool,
        notes: Counter[str],
        still_on: Set[int],
    ) -> None:
        self.kind, self.game, self.files, self.players = kind, game, files, players
        self.start_us, self.dated, self.notes, self.still_on = start_us, dated, notes, still_on
        #: who made a keeper's events, for files without positions
        self.keeping: set[str] = set()

    def periods(self, meta: Any, last_us: Mapping[int, int], attack: Mapping[int, Side]) -> list[Period]:
        """The last one is open where kloppy has no end; an end before the period's last record is moved to it."""
        out: list[Period] = []
        for p in sorted(meta.periods, key=lambda p: p.id):
            if p.id not in last_us:
                continue
            start = self.start_us[p.id]
            on = p.end_timestamp is None or p.id in self.still_on
            end = None if on else max(start + _us(p.end_timestamp - p.start_timestamp), last_us[p.id])
            if out and out[-1].end_us is None:  # a later period has begun: the one before it is over
                before = out[-1]
                out[-1] = Period(
                    number=before.number, start_us=before.start_us, end_us=last_us[before.number], home_attacks=before.home_attacks
                )
            out.append(Period(number=p.id, start_us=start, end_us=end, home_attacks=attack.get(p.id, 0)))
        return out

    def record(
        self, meta: Any, periods: list[Period], feeds: list[Feed], tags: list[Tag], grid_hz: float | None, **more: str
    ) -> GameRecord:
        home, away = meta.teams
        names = [str(team.name or "") or str(team.team_id) for team in (home, away)]
        length_m, width_m = _size(meta)
        return GameRecord(
            game=self.game,
            sport="soccer",
            t0_us=min(p.start_us for p in periods),
            title=" - ".join(names),
            teams=(Team(id=str(home.team_id), name=names[0]), Team(id=str(away.team_id), name=names[1])),
            entities=[*(_entity(p, self.keeping) for p in self.players.values()), Entity(id="ball", name="Ball", role="ball")],
            tags=tags,
            feeds=feeds,
            periods=periods,
            grid_hz=grid_hz,
            length_m=length_m,
            width_m=width_m,
            provenance=_without_empty(
                {
                    "provider": str(meta.provider),
                    "reader": f"kloppy:{self.kind}",
                    "files": ", ".join(path.name for path in self.files),
                    "source": f"{meta.provider} files, read by kloppy",
                    "terms": "those under which the files were handed over",
                    "date": meta.date.date().isoformat() if isinstance(meta.date, datetime) else "",
                    "clock": "the wall clock of the files"
                    if self.dated
                    else "the match clock of the files, from 2000-01-01T00:00:00Z",
                    "notes": "; ".join(text if n == 1 else f"{text} ({n} times)" for text, n in self.notes.items()),
                    **more,
                }
            ),
        )


def _without_empty(words: dict[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if word}


def _events(dataset: Any, match: _Match) -> Imported:
    meta = dataset.metadata
    home, away = (str(team.team_id) for team in meta.teams)
    length_m, width_m = _size(meta)
    own_view = meta.orientation.name == "ACTION_EXECUTING_TEAM"
    attack: dict[int, Side] = {n: 1 if n % 2 else -1 for n in match.start_us}

    def place(event: Any, point: Any) -> tuple[float, float]:
        direction = direction_of(event, home, attack) if own_view else 1
        if point is None or point.x is None or point.y is None or not direction:
            return np.nan, np.nan
        return direction * (point.x - 0.5) * length_m, direction * (0.5 - point.y) * width_m

    events = events_of(dataset, match.game, match.players, match.start_us, place, match.notes)
    if not own_view:
        attack = agree(f"kloppy:{match.kind}", _stated(meta), _by_shots(events, home), binding=_binding(dataset))
    match.keeping = {str(e.player.player_id) for e in dataset.records if e.event_type.name == "GOALKEEPER" and e.player is not None}
    last = {n: max(e.t_us for e in events if e.period == n) for n in {e.period for e in events}}
    periods = match.periods(meta, last, attack)
    if not periods:
        raise BadInput(f"kloppy finds no events of our vocabulary in {match.files[0]}")
    found, stated = score(events, home, away), meta.score
    known = stated is not None and all(isinstance(n, int) for n in (stated.home, stated.away))
    if known and found != (stated.home, stated.away):
        match.notes[f"its events have {found[0]}:{found[1]}, its result is {stated.home}:{stated.away}"] += 1
    events = in_time_order([*events, *edges(match.game, periods)])
    record = match.record(
        meta,
        periods,
        [Feed(name="events", kind="events", lateness_ms=5000, sync_ms=3000)],
        [],
        None,
        arrival=f"synthetic: {EVENT_DELAY_US // 1000} ms after it happened",
        direction="not in the files: home attacks +x in odd periods by our choice"
        if own_view
        else "as stated in the files"
        if _binding(dataset)
        else "by where the shots were taken",
        result=f"{stated.home}:{stated.away}" if known else "",
    )
    with_xg = any("provider_xg" in event.attrs for event in events)
    references = {"soccer.shot.xgoals": ("provider_xg", 1.0)} if with_xg else {}
    return Imported(record, lambda: iter(events), 0, event_references=references)


def _tracking(dataset: Any, match: _Match) -> Imported:
    meta = dataset.metadata
    tag_of = {ident: tag for tag, ident in enumerate(match.players, 1)}
    track = track_of(dataset, tag_of, match.start_us, _size(meta), match.notes, mirrored=match.kind in _MIRRORED)
    teams = [str(team.team_id) for team in meta.teams]
    sides = [-1, *(teams.index(str(player.team.team_id)) for player in match.players.values())]
    keepers = [tag_of[ident] for ident, player in match.players.items() if _entity(player).role == "keeper"]
    binding = _binding(dataset)
    attack = agree(f"kloppy:{match.kind}", _stated(meta), attacks_of(track, sides, keepers), binding=binding)
    last = {int(n): int(track.t_us[track.period == n][-1]) for n in np.unique(track.period)}
    periods = match.periods(meta, last, attack)
    grid_hz, aligned = grid_of(track.t_us - periods[0].start_us, float(meta.frame_rate or 25.0))
    events = in_time_order(edges(match.game, periods))
    record = match.record(
        meta,
        periods,
        [
            Feed(name="tracking", kind="telemetry", rate_hz=float(meta.frame_rate or 25.0), aligned=aligned),
            Feed(name="events", kind="events", lateness_ms=5000),
        ],
        [Tag(tag=0, entity="ball"), *(Tag(tag=tag, entity=ident) for ident, tag in tag_of.items())],
        grid_hz,
        arrival=f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms later",
        direction="as stated in the files" if binding else "by where the players were",
    )
    packets = tracking(match.game, "tracking", track.t_us, [0, *tag_of.values()], track.xyz_m, track.in_play)
    samples = int(np.isfinite(track.xyz_m[:, :, :2]).all(axis=2).sum())
    return Imported(record, lambda: in_arrival_order(packets(), events), samples)


def _of_the_match(records: Sequence[Any], notes: Counter[str]) -> list[Any]:
    """Without what lies hours outside its period: a clock like that would make a match of years."""
    kept = [r for r in records if abs(r.timestamp.total_seconds()) <= _LONGEST_S]
    if len(kept) < len(records):
        notes["a record lies hours outside its period and is left out"] += len(records) - len(kept)
    if not kept:
        raise BadInput("kloppy finds only records that lie hours outside their periods")
    return kept


def _starts(periods: Sequence[Any]) -> tuple[dict[int, int], bool]:
    """{period: when it began, in microseconds}, and whether that is a wall clock."""
    begins = {p.id: p.start_timestamp for p in periods}
    if all(isinstance(at, datetime) for at in begins.values()):
        return {n: _us(at.replace(tzinfo=at.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) for n, at in begins.items()}, True
    first = min(at for at in begins.values())
    return {n: NO_DATE_US + _us(at - first) for n, at in begins.items()}, False


def _us(span: timedelta) -> int:
    return round(span.total_seconds() * 1e6)


def _size(meta: Any) -> tuple[float, float]:
    pitch = meta.pitch_dimensions
    return float(pitch.pitch_length or 105.0), float(pitch.pitch_width or 68.0)


def _stated(meta: Any) -> dict[int, Side]:
    """Which way home attacks in each period as kloppy states it; empty when it does not."""
    ways: dict[str, tuple[Side, Side]] = {
        "HOME_AWAY": (1, -1),
        "AWAY_HOME": (-1, 1),
        "STATIC_HOME_AWAY": (1, 1),
        "STATIC_AWAY_HOME": (-1, -1),
    }
    direction = ways.get(meta.orientation.name)
    return {p.id: direction[0 if p.id % 2 else 1] for p in meta.periods} if direction else {}


def _binding(dataset: Any) -> bool:
    return (str(dataset.metadata.provider), dataset.dataset_type.name) in _STATES


def _by_shots(events: Sequence[Event], home: str) -> dict[int, Side]:
    """{period: which way home attacked} where the shots are clear; own goals and shoot-outs are not shots at an end."""
    votes: Counter[int] = Counter()
    for event in events:
        if event.type == "shot" and event.x_m and event.team and event.period < _SHOOTOUT:
            votes[event.period] += (1 if event.x_m > 0 else -1) * (1 if event.team == home else -1)
    return {number: 1 if net > 0 else -1 for number, net in votes.items() if abs(net) >= _VOTES}


def _entity(player: Any, keeping: Set[str] = frozenset()) -> Entity:
    position = player.starting_position or next((p for p in player.positions.items.values() if p is not None), None)
    # a member of kloppy's enum, or, for Hawk-Eye, its word
    word = "" if position is None else str(position.value[0] if hasattr(position, "value") else position)
    word = "" if word == "Unknown" else word
    name = str(player.name or "") or " ".join(str(part) for part in (player.first_name, player.last_name) if part)
    shirt = player.jersey_no
    return Entity(
        id=str(player.player_id),
        name=name,
        team=str(player.team.team_id),
        position=word,
        shirt=int(shirt) if isinstance(shirt, int) or (isinstance(shirt, str) and shirt.isdigit()) else None,
        role="keeper" if word == "Goalkeeper" or (not word and str(player.player_id) in keeping) else "player",
    )
