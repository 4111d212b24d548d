"""Wyscout events of many matches (v2): events and matches as tables or as Wyscout's JSON; --pick MATCH_ID takes one.

Our own reader, by its table (``_wyscout_events``): kloppy reads one match a file. Places are 0..100 of a pitch of
unknown size, taken as 105 x 68 m, seen by the team that acts, which always attacks towards x = 100; the file does not say which way
that was in the stadium. So home attacks +x in odd periods and -x in even ones, and ``provenance.direction`` says that this is ours.

Periods begin with their second 0 and end with their last row. The end of a pass is where it arrived, or, when it failed, where the
ball was lost: ``attrs["end_is"]`` is "arrival" or "loss", and a loss is not where the pass was meant to go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from simulators.providers import Imported
from simulators.providers._stream import EVENT_DELAY_US, NO_DATE_US, edges, in_time_order
from simulators.providers._wyscout_events import KEEPING, LENGTH_M, WIDTH_M, Row, events_of
from simulators.providers._wyscout_files import Match, Player, Source, source
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Team

#: pauses before periods 2 to 5, which the file does not give (s)
_PAUSE_S: Final = {2: 900, 3: 300, 4: 60, 5: 300}
_SHOOTOUT: Final = 5
#: minutes of the match at which a period begins
_MINUTE: Final = {1: 0.0, 2: 45.0, 3: 90.0, 4: 105.0}


def read(files: list[Path], pick: str = "") -> Imported:
    """The match ``pick``, or the only one."""
    found = source(files)
    held = found.with_events()
    if not held:
        raise BadInput(f"{files[0]} holds no events")
    if not pick and len(held) > 1:
        raise BadInput(f"{files[0]} holds {len(held):,} matches: pick one with --pick MATCH_ID, such as {held[0]}")
    return _imported(found, pick or held[0], files)


def recordings(files: list[Path]) -> Iterator[tuple[str, Callable[[], Imported]]]:
    """Every match of the files with what imports it."""
    for ident in match_ids(files):
        yield ident, partial(read_match, files, ident)


def match_ids(files: Sequence[Path]) -> list[str]:
    """Every match of the files that has events, in their order."""
    return source(files).with_events()


def read_match(files: Sequence[Path], match_id: str | int) -> Imported:
    """One match; the files are opened the first time only."""
    return _imported(source(files), str(match_id), files)


def score(events: Sequence[Event], home: str, away: str) -> tuple[int, int]:
    """(home, away) by the events: own goals count for the other side, a shoot-out does not count."""
    goals = Counter(
        {home: away, away: home}.get(e.team or "") if e.type == "own_goal" else e.team
        for e in events
        if e.period < _SHOOTOUT and (e.type == "own_goal" or (e.type == "shot" and e.outcome == "goal"))
    )
    return goals[home], goals[away]


def _imported(found: Source, ident: str, files: Sequence[Path]) -> Imported:
    rows, match = found.rows(ident), found.matches.get(ident)
    if not rows:
        raise BadInput(f"{files[0]} has no match {ident}")
    if match is None:
        raise BadInput(f"match {ident} has events but is not among the matches: its teams are not known")
    game, (home, away) = f"wyscout-{match.id}", (str(team) for team in match.teams)
    t0_us = _kick_off(match)
    periods = _periods(rows, t0_us or NO_DATE_US, match.over)
    starts = {p.number: p.start_us for p in periods}
    converted = events_of(rows, game, match.teams, starts)
    if match.over and match.result not in (None, score(converted.events, home, away)):
        more = events_of(rows, game, match.teams, starts, keepers_goals=True)
        converted = more if score(more.events, home, away) == match.result else converted
    substitutions = list(_substitutions(match, game, periods))
    events = in_time_order([*converted.events, *substitutions, *edges(game, periods)])
    result, notes = score(events, home, away), [_times(*note) for note in sorted(converted.notes.items())]
    if match.over and match.result is not None and match.result != result:
        notes.insert(0, f"its events have {result[0]}:{result[1]}, its result is {match.result[0]}:{match.result[1]}")
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=periods[0].start_us,
        title=" - ".join(match.names),
        teams=(Team(id=home, name=match.names[0]), Team(id=away, name=match.names[1])),
        entities=[*_entities(match, rows, found.players), Entity(id="ball", name="Ball", role="ball")],
        tags=[],
        feeds=[Feed(name="events", kind="events", lateness_ms=5000, sync_ms=3000)],
        periods=periods,
        length_m=LENGTH_M,
        width_m=WIDTH_M,
        provenance=_without_blanks(
            {
                "provider": "wyscout",
                "files": ", ".join(path.name for path in files),
                "competition": match.competition,
                "date": match.date,
                "result": "{}:{}".format(*match.result) if match.result else "",
                "shootout": "{}:{}".format(*match.shootout) if match.shootout else "",
                "notes": "; ".join(notes),
                "source": "Wyscout events, v2; the open set is Pappalardo et al. 2019, Scientific Data 6:236",
                "terms": "those under which the files were handed over; the open set is CC BY 4.0, naming the paper",
                "clock": f"seconds of each period from {'its kick-off (UTC)' if t0_us else '2000-01-01T00:00:00Z'}; pauses of "
                + ", ".join(f"{_PAUSE_S[p.number]} s" for p in periods[1:])
                + " are assumed" * bool(periods[1:]),
                "arrival": f"synthetic: {EVENT_DELAY_US // 1000} ms after it happened",
                "direction": "not in the file: home attacks +x in odd periods by our choice",
                "pitch": "not in the file: 105 x 68 m assumed",
            }
        ),
    )
    return Imported(record, lambda: iter(events), 0)


def _without_blanks(words: dict[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if word}


def _times(sentence: str, count: int) -> str:
    return sentence if count == 1 else f"{sentence} ({count} times)"


def _kick_off(match: Match) -> int:
    """UTC microseconds of the kick-off; 0 when the file has only a date, or nothing."""
    try:
        at = datetime.fromisoformat(match.kick_off_utc)
    except ValueError:
        return 0
    return round(at.replace(tzinfo=UTC).timestamp() * 1e6)


def _periods(rows: Sequence[Row], start_us: int, over: bool) -> list[Period]:
    """From second 0 to the last row of each; the last one stays open while the match goes on."""
    last = {row.period: row.second for row in rows}
    out: list[Period] = []
    for number in sorted(last):
        if out:
            start_us = (out[-1].end_us or 0) + _PAUSE_S[number] * 1_000_000
        end_us = start_us + round(last[number] * 1000) * 1000
        out.append(Period(number=number, start_us=start_us, end_us=end_us, home_attacks=1 if number % 2 else -1))
    if not over:
        out[-1] = Period(number=out[-1].number, start_us=out[-1].start_us, home_attacks=out[-1].home_attacks)
    return out


def _substitutions(match: Match, game: str, periods: Sequence[Period]) -> Iterator[Event]:
    """At the full minute that the file gives, within the period that was on."""
    for i, (minute, team, off, on) in enumerate(match.changes):
        period = max((p for p in periods if _MINUTE.get(p.number, 1e9) < max(minute, 0.1)), key=lambda p: p.number, default=None)
        if period is None:
            continue
        t_us = period.start_us + round((minute - _MINUTE[period.number]) * 60e6)
        if period.end_us is not None:
            t_us = min(t_us, period.end_us)
        yield Event(
            id=f"substitution-{i + 1}",
            game=game,
            type="substitution",
            t_us=t_us,
            period=period.number,
            team=str(team),
            player=str(off) if off else None,
            attrs={"player_on": str(on)} if on else {},
            arrival_us=t_us + EVENT_DELAY_US,
        )


def _entities(match: Match, rows: Sequence[Row], players: dict[int, Player]) -> list[Entity]:
    """Every player of the squads and of the rows, once; a player who makes saves and has no other role in the list is a keeper."""
    team_of = {player: team for team, squad in match.squads.items() for player in squad}
    for _, team, off, on in match.changes:
        team_of |= {player: team for player in (off, on) if player and player not in team_of}
    for row in rows:
        if row.player and row.team in match.teams:
            team_of.setdefault(row.player, row.team)
    keeping = {row.player for row in rows if row.event in KEEPING}
    out = []
    for ident, team in team_of.items():
        known = players.get(ident, Player())
        keeper = known.role == "GK" if known.role else ident in keeping
        out.append(
            Entity(id=str(ident), name=known.name, team=str(team), role="keeper" if keeper else "player", position=known.role)
        )
    return out
