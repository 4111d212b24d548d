"""NGS plays as a recording: its entities, its game record, and the stream of its samples and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from features.nfl.columns import YD
from simulators.providers import Imported, Reference
from simulators.providers._ngs_angles import LEAST_ROWS, MOVES_YDPS, RUNS_YDPS, counted, motion_deg, spelled_out, turned
from simulators.providers._ngs_players import TrackedPlayers
from simulators.providers._ngs_plays import LENGTH_YD, TENTH_US, WIDTH_YD, Floats, Play
from simulators.providers._ngs_tables import Table
from simulators.providers._stream import PACKET, TRACKING_DELAY_US, in_arrival_order, in_time_order
from streaming.wire.records import Entity, Feed, GameRecord, Tag, Team, Telemetry

RATE_HZ: Final = 10.0


class Cast:
    """Entities in the order of their first row: players in a recording of one game, roles of either team in one of many."""

    def __init__(self, tracked: TrackedPlayers, *, real: bool) -> None:
        self._players, self.real = tracked.players, real
        self.entities: list[Entity] = []
        self._tags: dict[str, int] = {}
        self._taken: set[str] = set()
        self._teams: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    def begin(self) -> None:
        """A play begins: roles are dealt out anew."""
        self._taken = set()

    def tag(self, person: int, side: int) -> int:
        """The tag of a player of a side, from 1 on."""
        player, team = self._players[person], ("home", "away")[side]
        self._teams[side][player.team] += 1
        if self.real:
            return self._entity(
                player.ident,
                Entity(
                    id=player.ident, name=player.name, team=team, role=player.role, position=player.position, shirt=player.shirt
                ),
            )
        number = 1
        while f"{team}-{player.role}-{number}" in self._taken:
            number += 1
        ident = f"{team}-{player.role}-{number}"
        self._taken.add(ident)
        return self._entity(
            ident, Entity(id=ident, name=f"{team.capitalize()} {player.role} {number}", team=team, role=player.role)
        )

    def player_of(self, tag: int) -> tuple[str, str]:
        """Id and role of a tag."""
        entity = self.entities[tag - 1]
        return entity.id, entity.role

    def _entity(self, ident: str, entity: Entity) -> int:
        if ident not in self._tags:
            self.entities.append(entity)
            self._tags[ident] = len(self.entities)
        return self._tags[ident]

    def teams(self, names: tuple[str, str]) -> tuple[Team, Team]:
        """Home and away by ``names``, else as the tracking calls them."""
        found = []
        for side, plain in enumerate(("Home", "Away")):
            word = next((w for w, _ in self._teams[side].most_common() if w and w.lower() not in ("home", "away")), "")
            name = (names[side] or word or plain) if self.real else plain
            found.append(Team(id=("home", "away")[side], name=name, short=name[:4]))
        return found[0], found[1]


def recorded(
    game: str,
    plays: list[Play],
    seen: Table,
    cast: Cast,
    names: tuple[str, str],
    files: list[str],
    unused: Counter[str],
    guessed: bool,
) -> Imported:
    """The recording of ``plays``; ``unused`` counts what could not be used, with ``guessed`` the files do not name the home
    team."""
    teams = cast.teams(names)
    title = f"{teams[1].name} at {teams[0].name}" if cast.real else "Plays of many games"
    channels, about = _vendor(plays, seen)
    kept_as_other = Counter(event.outcome for play in plays for event in play.events if event.type == "other")
    provenance = {
        "provider": "ngs",
        "files": ", ".join(files),
        "source": "NFL Next Gen Stats plays, 10 Hz frames",
        "terms": "those of your source of the files; the data belong to the NFL",
        "clock": ("the frames' UTC stamps" if "time" in seen else "frame / 10 Hz from 2000-01-01T00:00:00Z")
        + ("" if len(plays) == 1 else ", plays moved together to five seconds apart"),
        "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events 1000 ms after they happened",
        "periods": "1 where the home team attacks towards +x, 2 where it attacks towards -x, 3 where that is not known",
        **about,
    }
    if kept_as_other:
        provenance["labels kept as other"] = ", ".join(f"{label} {n}" for label, n in kept_as_other.most_common())
    if unused:
        provenance["left out"] = ", ".join(f"{n} {why}" for why, n in unused.items())
    if all(entity.role == "player" for entity in cast.entities):
        provenance["positions"] = "the files name none: stats that depend on passers, receivers and blockers are missing"
    if guessed:
        provenance["sides"] = f"the files do not name the home team: {teams[0].name} stands as home, and the score is left out"
    record = GameRecord(
        game=game,
        sport="nfl",
        t0_us=int(plays[0].t_us[0]) - TENTH_US,
        title=f"{title}, {len(plays)} play{'s' if len(plays) > 1 else ''}",
        teams=teams,
        entities=[*cast.entities, Entity(id="ball", name="Ball", role="ball")],
        tags=[*(Tag(tag=k + 1, entity=e.id) for k, e in enumerate(cast.entities)), Tag(tag=0, entity="ball")],
        feeds=[
            Feed(name="tracking", kind="telemetry", rate_hz=RATE_HZ, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000),
        ],
        periods=[play.period for play in plays],
        grid_hz=RATE_HZ,
        length_m=LENGTH_YD * YD,
        width_m=WIDTH_YD * YD,
        provenance=provenance,
    )

    def packets() -> Iterator[Telemetry]:
        for n, play in enumerate(plays):
            x = _single((seen["x"][play.rows] - LENGTH_YD / 2) * YD)
            y = _single((seen["y"][play.rows] - WIDTH_YD / 2) * YD)
            height = np.full(len(x), np.nan, np.float32)
            for lo in range(0, len(play.rows), PACKET):
                part = slice(lo, lo + PACKET)
                carried = {"phase": play.phase[part], "offense": play.offense[part]}
                carried |= {name: _single(values[n][part]) for name, values in channels.items()}
                t = play.t_us[part]
                yield Telemetry(
                    game, "tracking", t, play.tag[part], x[part], y[part], height[part], t + TRACKING_DELAY_US, channels=carried
                )

    events = in_time_order(event for play in plays for event in play.events)
    references: dict[str, Reference] = {stat: reference for stat, reference in _REFERENCES.items() if reference[0] in channels}
    samples = sum(len(play.rows) for play in plays)
    return Imported(record, lambda: in_arrival_order(packets(), events), samples, channel_references=references)


def _single(values: Floats) -> npt.NDArray[np.float32]:
    """As the wire has numbers: what is too large for it stays too large for anything on a field."""
    return np.clip(values, -1e9, 1e9).astype(np.float32)


#: our stat beside the provider's figure: the acceleration is one without a sign
_REFERENCES: Final[dict[str, Reference]] = {
    "nfl.player.speed": ("vendor_speed_mps", 1.0),
    "nfl.player.acceleration": ("vendor_acceleration_mps2", 1.0, "magnitude"),
    "nfl.player.direction": ("vendor_direction_rad", 1.0, "angle"),
    "nfl.player.orientation": ("vendor_orientation_rad", 1.0, "angle"),
    "nfl.player.distance": ("vendor_play_distance_m", 1.0),
}


def _vendor(plays: list[Play], seen: Table) -> tuple[dict[str, list[Floats]], dict[str, str]]:
    """The provider's figures by channel, an array per play, NaN on the ball; and the notes on its angles for the provenance."""
    found: dict[str, list[Floats]] = {}
    about: dict[str, str] = {}
    for word, channel in (("s", "vendor_speed_mps"), ("a", "vendor_acceleration_mps2")):
        if word in seen:
            found[channel] = [np.where(play.tag == 0, np.nan, seen[word][play.rows] * YD) for play in plays]
    if "dis" in seen:
        found["vendor_play_distance_m"] = [np.where(play.tag == 0, np.nan, play.played_yd * YD) for play in plays]
    moves = [motion_deg(seen["x"][play.rows], seen["y"][play.rows], play.t_us, play.tag.astype(np.int64)) for play in plays]
    for word, channel, least in (("dir", "vendor_direction_rad", MOVES_YDPS), ("o", "vendor_orientation_rad", RUNS_YDPS)):
        if word not in seen:
            continue
        theirs = np.concatenate([np.where(play.tag == 0, np.nan, seen[word][play.rows]) for play in plays])
        ours = np.concatenate([np.where(speed >= least, angle, np.nan) for angle, speed in moves])
        way = counted(theirs, ours)
        if way is None:
            few = int((np.isfinite(theirs) & np.isfinite(ours)).sum()) < LEAST_ROWS
            why = "too little motion to see how it is counted" if few else "it does not fit the motion"
            about[f"angle {word}"] = f"not used: {why}"
            continue
        about[f"angle {word}"] = spelled_out(way)
        found[channel] = [np.where(play.tag == 0, np.nan, turned(seen[word][play.rows], way)) for play in plays]
    return found, about
