"""DFL / Sportec Solutions: ``…matchinformation.xml`` with ``…events.xml`` and, if there is one, ``…positions….xml``.

Our own readers of all three: kloppy needs a finished match (a result, a last whistle), takes the direction of later periods from
the first, drops the wall clock of the frames, which is what ties them to the events, and holds a match as objects.

Everything is in the stadium's orientation already: events in metres from a corner, positions from the centre spot. Which way home
attacked in a period is what that period's own kick-off says (``TeamLeft``). A shot's place is the tracked one where DFL gives it
(``X-PositionFromTracking``), which is what its own distance and angle were computed from, else the one that was clicked. A match
that is still running imports: its last period is open.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from simulators.providers import Imported
from simulators.providers._direction import attack_by_positions, direction_sources, directions, shot_votes
from simulators.providers._files import maybe, only, pick
from simulators.providers._sportec_clock import Clock
from simulators.providers._sportec_events import read_events
from simulators.providers._sportec_match import Match, read_match
from simulators.providers._sportec_positions import Positions, read_positions
from simulators.providers._stream import (
    EVENT_DELAY_US,
    TRACKING_DELAY_US,
    Side,
    edges,
    in_arrival_order,
    in_time_order,
    tracking,
)
from simulators.providers._unknown_players import without_unknown_players
from streaming.wire.records import Entity, Feed, GameRecord, Period, Tag

_TAKES = "…matchinformation.xml, …events.xml and …positions….xml"
_VENDOR = "vendor_speed_kmh"


def read(files: list[Path]) -> Imported:
    """One match; positions are optional."""
    about = pick(files, "sportec", "…matchinformation.xml", lambda name: "matchinformation" in name)
    coded = pick(files, "sportec", "…events.xml", lambda name: "event" in name)
    where = maybe(files, "sportec", "the positions", lambda name: "position" in name)
    only(files, [about, coded, where], "sportec", _TAKES)
    match = read_match(about)
    game = f"sportec-{match.ident or coded.name.split('_')[0]}"
    events, clock = read_events(coded, match, game)
    entities = [*match.entities, Entity(id="ball", name="Ball", role="ball")]
    events, unknown = without_unknown_players(events, match.teams, entities, str(coded))
    tag_of = {one.id: tag for tag, one in enumerate(match.entities, 1)}
    positions = read_positions(where, tag_of) if where else Positions.none()

    home, away = (team.id for team in match.teams)
    stated, shots = clock.attacks(home), shot_votes(events, (home, away), match.length_m)
    places = {number: _stood(positions, match, clock, number) for number in clock.start_us} if where else {}
    attacks = directions(str(coded), clock.start_us, stated, places, shots)
    periods = [
        Period(number=number, start_us=start, end_us=clock.end_us.get(number), home_attacks=attacks[number])
        for number, start in clock.start_us.items()
    ]
    events = in_time_order([*events, *edges(game, periods)])
    rate_hz = round(1e6 / positions.frame_us, 3)
    feeds = [Feed(name="events", kind="events", lateness_ms=5000, sync_ms=3000)]
    if where:
        feeds.insert(0, Feed(name="tracking", kind="telemetry", rate_hz=rate_hz, aligned=True))
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=min([periods[0].start_us, *positions.t_us[:1].tolist()]),
        title=" - ".join(team.name for team in match.teams),
        teams=match.teams,
        entities=entities,
        tags=[Tag(tag=0, entity="ball"), *(Tag(tag=tag, entity=name) for name, tag in tag_of.items())] if where else [],
        feeds=feeds,
        periods=periods,
        length_m=match.length_m,
        width_m=match.width_m,
        grid_hz=rate_hz if where else None,
        provenance={
            "provider": "sportec",
            "files": ", ".join(path.name for path in files),
            "result": match.result,
            "source": "Deutsche Fußball Liga (DFL) by Sportec Solutions",
            "terms": "those of your source of the files; the open set (Bassek et al. 2025) is CC-BY 4.0, naming DFL",
            "clock": "UTC; positions by the frames' stamps, events by EventTime (coded by hand, not synchronised)",
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
            "direction": direction_sources(clock.start_us, stated, places, shots),
            "pitch": match.pitch,
        }
        | unknown
        | _edges_seen(clock),
    )
    vendor = {_VENDOR: positions.speed_kmh} if np.isfinite(positions.speed_kmh).any() else {}
    packets = tracking(game, "tracking", positions.t_us, positions.tags, positions.xyz_m, positions.in_play, vendor)
    samples = int(np.isfinite(positions.xyz_m[:, :, :2]).all(axis=2).sum())
    references = {
        "soccer.shot.xgoals": ("provider_xg", 1.0),
        "soccer.shot.distance": ("provider_distance_m", 1.0),
        "soccer.shot.angle": ("provider_angle_deg", math.pi / 180),
    }
    channels = dict.fromkeys(("soccer.player.speed", "soccer.ball.speed"), (_VENDOR, 1 / 3.6)) if vendor else {}
    return Imported(record, lambda: in_arrival_order(packets(), events), samples, references, channels)


def _stood(positions: Positions, match: Match, clock: Clock, period: int) -> dict[str, Side]:
    """Where keepers and teams stood in a period."""
    start, end = clock.start_us[period], clock.end_us.get(period, 1 << 62)
    rows = (positions.t_us >= start) & (positions.t_us <= end)
    tagged = [match.entities[tag - 1] if tag else None for tag in positions.tags]
    home = match.teams[0].id
    team = np.array([-1 if one is None else int(one.team != home) for one in tagged])
    keeper = np.array([one is not None and one.role == "keeper" for one in tagged])
    return attack_by_positions(positions.xyz_m[rows], team, keeper)


def _edges_seen(clock: Clock) -> dict[str, str]:
    """Notes on the periods whose start or end is in no message."""
    if not clock.guessed:
        return {}
    numbers = ", ".join(str(number) for number in sorted(set(clock.guessed)))
    return {"periods": f"no kick-off or whistle of period {numbers}: it begins or ends with its first or last event"}
