"""NFL Next Gen Stats plays: ``plays.parquet`` and ``tracking.parquet``, 10 Hz frames of 22 players and the ball, in yards.

Our own reader (kloppy has none). A file holds single plays of many games. ``--pick GAME`` makes a recording of the plays of one
game, ``--pick GAME/PLAY`` of one play, with the players' own names; without it all plays stand one after the other in one
recording, five seconds apart, and the players are told apart by team and role alone ("home-receiver-2"): a roster has two teams.

The frames' labels become events, and their running state the channels ``phase`` and ``offense`` of the ball; nothing later than
a frame goes into them. Who threw, caught or ran is not in the file: it is the man of the right kind nearest to the ball. The
official speed travels as the channel ``vendor_speed_mps``: never a feature, but the reference of an agreement. Samples are handed
on as they are, twice where the file has them twice; what lies far outside the field is set aside by the operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.nfl.columns import YD
from features.nfl.vocabulary import ELIGIBLE
from simulators.providers import Imported
from simulators.providers._files import only, table
from simulators.providers._files import pick as pick_file
from simulators.providers._ngs_events import Frame, Labels, Side
from simulators.providers._stream import PACKET, TRACKING_DELAY_US, in_arrival_order, in_time_order
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

LENGTH_YD, WIDTH_YD = 120.0, 160.0 / 3.0
RATE_HZ: Final = 10.0
BETWEEN_US: Final = 5_000_000
_TENTH_US: Final = 100_000
_PLAYS: Final = (
    "gameId", "playId", "preSnapHomeScore", "preSnapVisitorScore", "playDirection", "quarter", "gameClock", "down", "yardsToGo",
    "absoluteYardlineNumber",
)  # fmt: skip
_TRACKING: Final = (
    "gameId", "playId", "time", "event", "nflId", "displayName", "jerseyNumber", "position", "teamAbbr", "homeTeamFlag",
    "possessionFlag", "x", "y",
)  # fmt: skip
_ROLE: Final = {
    **dict.fromkeys(("QB",), "passer"), **dict.fromkeys(("RB", "FB", "HB"), "back"), "WR": "receiver", "TE": "end",
    **dict.fromkeys(("T", "G", "C", "OT", "OG", "OL"), "line"), **dict.fromkeys(("DE", "DT", "NT", "DL"), "rusher"),
    **dict.fromkeys(("OLB", "ILB", "MLB", "LB"), "backer"), **dict.fromkeys(("CB", "FS", "SS", "S", "DB"), "cover"),
    **dict.fromkeys(("K", "P", "LS"), "kicker"),
}  # fmt: skip
Columns = dict[str, npt.NDArray[Any]]


@dataclass
class _Play:
    """One play on the recording's time axis: its rows of the tracking file, their tags, its attack and its events."""

    rows: npt.NDArray[np.int64]
    t_us: npt.NDArray[np.int64]
    tag: npt.NDArray[np.uint32]
    phase: npt.NDArray[np.float32]
    offense: npt.NDArray[np.float32]
    period: Period
    events: list[Event]


def read(files: list[Path], pick: str = "") -> Imported:
    """Both files; ``pick`` is GAME or GAME/PLAY, empty for all plays."""
    told = pick_file(files, "ngs", "the plays (plays.parquet)", lambda name: "plays" in name)
    seen = pick_file(files, "ngs", "the tracking (tracking.parquet)", lambda name: "tracking" in name)
    only(files, [told, seen], "ngs", "plays.parquet and tracking.parquet")
    plays, frames = table(told, "ngs", _PLAYS), table(seen, "ngs", _TRACKING)
    chosen = _chosen(plays, pick, told)
    try:
        keys = _keys(frames)
        stamp = frames["time"].astype("datetime64[us]").astype(np.int64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{seen} is no ngs file: {error}") from error
    names = _Names(frames, bool(pick))
    order = np.argsort(keys, kind="stable")
    bounds = keys[order]
    done: list[_Play] = []
    at_us = 0
    for p in chosen.tolist():
        key = int(plays["gameId"][p]) * 100_000 + int(plays["playId"][p])
        rows = order[np.searchsorted(bounds, key) : np.searchsorted(bounds, key, "right")]
        if not len(rows):
            raise BadInput(f"{seen} has no frames of the play {_name(plays, p)} that {told} lists")
        rows = rows[np.argsort(stamp[rows], kind="stable")]
        first = int(stamp[rows[0]])
        at_us = first if not done else -(-(at_us + BETWEEN_US) // _TENTH_US) * _TENTH_US
        if not done:
            t0_us = at_us = first
        one = _play(plays, frames, p, rows, stamp[rows] - first + at_us, names, "ngs")
        at_us = int(one.t_us[-1])
        done.append(one)
    game = f"ngs-{pick.replace('/', '-')}" if pick else "ngs-plays"
    for one in done:
        one.events = [_of_game(event, game) for event in one.events]
    title = f"{names.title()}, {len(done)} play{'s' if len(done) > 1 else ''}"
    record = GameRecord(
        game=game, sport="nfl", t0_us=t0_us - _TENTH_US, title=title, teams=names.teams(),
        entities=[*names.entities, Entity(id="ball", name="Ball", role="ball")],
        tags=[*(Tag(tag=k + 1, entity=e.id) for k, e in enumerate(names.entities)), Tag(tag=0, entity="ball")],
        feeds=[
            Feed(name="tracking", kind="telemetry", rate_hz=RATE_HZ, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000),
        ],
        periods=[one.period for one in done], grid_hz=RATE_HZ, length_m=LENGTH_YD * YD, width_m=WIDTH_YD * YD,
        provenance={
            "provider": "ngs", "files": ", ".join(path.name for path in (told, seen)),
            "source": "NFL Next Gen Stats highlight plays, 10 Hz frames",
            "terms": "those of whoever gave you the files; the data belong to the NFL",
            "clock": "the frames' UTC stamps" + ("" if len(done) == 1 else ", plays moved together to five seconds apart"),
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events 1000 ms after they happened",
            "periods": "1 where the home team attacks towards +x, 2 where it attacks towards -x",
        },
    )  # fmt: skip
    speed = frames["s"].astype(np.float64) * YD if "s" in frames else None
    samples = sum(len(one.rows) for one in done)

    def packets() -> Iterator[Telemetry]:
        for one in done:
            x = ((frames["x"][one.rows].astype(np.float64) - LENGTH_YD / 2) * YD).astype(np.float32)
            y = ((frames["y"][one.rows].astype(np.float64) - WIDTH_YD / 2) * YD).astype(np.float32)
            height = np.full(len(x), np.nan, np.float32)
            for lo in range(0, len(one.rows), PACKET):
                part = slice(lo, lo + PACKET)
                channels = {"phase": one.phase[part], "offense": one.offense[part]}
                if speed is not None:
                    own = np.where(one.tag[part] == 0, np.nan, speed[one.rows[part]])
                    channels["vendor_speed_mps"] = own.astype(np.float32)
                t = one.t_us[part]
                yield Telemetry(game, "tracking", t, one.tag[part], x[part], y[part], height[part], t + TRACKING_DELAY_US, channels)

    events = in_time_order(event for one in done for event in one.events)
    references = {"nfl.player.speed": ("vendor_speed_mps", 1.0)} if speed is not None else {}
    return Imported(record, lambda: in_arrival_order(packets(), events), samples, channel_references=references)


def _keys(frames: Columns) -> npt.NDArray[np.int64]:
    keys: npt.NDArray[np.int64] = frames["gameId"].astype(np.int64) * 100_000 + frames["playId"].astype(np.int64)
    return keys


def _name(plays: Columns, p: int) -> str:
    return f"{int(plays['gameId'][p])}/{int(plays['playId'][p])}"


def _chosen(plays: Columns, pick: str, path: Path) -> npt.NDArray[np.int64]:
    """Rows of the plays that are wanted, in the order of the file."""
    if not len(plays["gameId"]):
        raise BadInput(f"{path} holds no plays")
    if not pick:
        return np.arange(len(plays["gameId"]))
    game, _, play = pick.partition("/")
    if not game.isdigit() or (play and not play.isdigit()):
        raise BadInput(f"--pick is GAME or GAME/PLAY in the numbers of {path.name}, not {pick!r}")
    wanted = plays["gameId"].astype(np.int64) == int(game)
    if play:
        wanted &= plays["playId"].astype(np.int64) == int(play)
    if not wanted.any():
        raise BadInput(f"{path} has no play {pick}")
    return np.flatnonzero(wanted)


class _Names:
    """Entities as they turn up: real people in a recording of one game, roles of either team in one of many."""

    def __init__(self, frames: Columns, real: bool) -> None:
        self.frames, self.real = frames, real
        self.entities: list[Entity] = []
        self._index: dict[str, int] = {}
        self._abbr = ["", ""]

    def of(self, row: int, side: int, taken: set[int]) -> int:
        """Index of the player in tracking row ``row``; ``taken`` are those already met in this play."""
        f, team = self.frames, ("home", "away")[side]
        position = str(f["position"][row])
        role = _ROLE.get(position, "player")
        self._abbr[side] = str(f["teamAbbr"][row])
        if self.real:
            return self._entity(f"{int(f['nflId'][row])}", str(f["displayName"][row]), team, role, position, f["jerseyNumber"][row])
        number = 1
        while True:
            ident = f"{team}-{role}-{number}"
            at = self._entity(ident, f"{team.capitalize()} {role} {number}", team, role, position, float("nan"))
            if at not in taken:
                taken.add(at)
                return at
            number += 1

    def _entity(self, ident: str, name: str, team: str, role: str, position: str, shirt: float) -> int:
        if ident not in self._index:
            self._index[ident] = len(self.entities)
            number = int(shirt) if np.isfinite(shirt) else None
            self.entities.append(
                Entity(id=ident, name=name, team=team, role=role, position=position if self.real else "", shirt=number)
            )
        return self._index[ident]

    def teams(self) -> tuple[Team, Team]:
        home, away = self._abbr if self.real else ("Home", "Away")
        return Team(id="home", name=home, short=home[:4]), Team(id="away", name=away, short=away[:4])

    def title(self) -> str:
        return f"{self._abbr[1]} at {self._abbr[0]}" if self.real else "Plays of many games"


def _play(
    plays: Columns, frames: Columns, p: int, rows: npt.NDArray[np.int64], t_us: npt.NDArray[np.int64], names: _Names, game: str
) -> _Play:  # fmt: skip
    is_ball = np.array([name == "ball" for name in frames["displayName"][rows]])
    home = frames["homeTeamFlag"][rows].astype(np.float64)
    has = frames["possessionFlag"][rows].astype(np.float64)
    tag = np.zeros(len(rows), np.uint32)
    nfl = frames["nflId"][rows].astype(np.float64)
    taken: set[int] = set()
    place: dict[int, int] = {}
    for ident in dict.fromkeys(nfl[~is_ball].tolist()):
        mine = np.flatnonzero(nfl == ident)
        at = names.of(int(rows[mine[0]]), 0 if home[mine[0]] == 1.0 else 1, taken)
        tag[mine] = at + 1
        place[at + 1] = int(mine[0])
    attackers = home[(has == 1.0) & ~is_ball]
    side = 0 if attackers.size and attackers[0] == 1.0 else 1
    towards = 1 if str(plays["playDirection"][p]) == "right" else -1
    home_attacks: Side = 1 if towards == (1 if side == 0 else -1) else -1
    period = Period(
        number=1 if home_attacks == 1 else 2, start_us=int(t_us[0]), end_us=int(t_us[-1]), home_attacks=home_attacks
    )
    stamps, _first = np.unique(t_us, return_index=True)
    frame = np.searchsorted(stamps, t_us)
    xy = np.full((len(stamps), int(tag.max()) + 1, 2), np.nan)
    xy[frame, tag, 0] = (frames["x"][rows].astype(np.float64) - LENGTH_YD / 2) * YD
    xy[frame, tag, 1] = (frames["y"][rows].astype(np.float64) - WIDTH_YD / 2) * YD
    labels: list[list[str]] = [[] for _ in stamps]
    for k, label in zip(frame[is_ball].tolist(), frames["event"][rows][is_ball].tolist(), strict=True):
        if label is not None and str(label) not in ("", "nan", "None") and str(label) not in labels[k]:
            labels[k].append(str(label))
    offense = {t: names.entities[t - 1].role for t, at in place.items() if has[at] == 1.0}
    told = Labels(
        Frame(stamps, xy, labels, offense, {t: names.entities[t - 1].id for t in place}),
        game=game, team=("home", "away")[side], period=period.number, play=_name(plays, p), state=_state(plays, p),
        eligible=frozenset(ELIGIBLE),
    )  # fmt: skip
    on_ball = np.where(tag == 0, told.phase[frame], np.nan).astype(np.float32)
    whose = np.where(tag == 0, float(side), np.nan).astype(np.float32)
    return _Play(rows, t_us, tag, on_ball, whose, period, told.events)


def _state(plays: Columns, p: int) -> dict[str, float]:
    """What is known before the play: down, distance, clock, score."""
    quarter = int(plays["quarter"][p])
    minutes, _, seconds = str(plays["gameClock"][p]).partition(":")
    try:
        left = 60.0 * float(minutes) + float(seconds or 0)
    except ValueError:
        left = float("nan")
    line, right = float(plays["absoluteYardlineNumber"][p]), str(plays["playDirection"][p]) == "right"
    state = {
        "down": float(plays["down"][p]), "to_go_yd": float(plays["yardsToGo"][p]),
        "to_goal_yd": 110.0 - line if right else line - 10.0, "clock_s": left + 900.0 * max(4 - quarter, 0),
        "home_points": float(plays["preSnapHomeScore"][p]), "away_points": float(plays["preSnapVisitorScore"][p]),
        "quarter": float(quarter),
    }  # fmt: skip
    return {name: value for name, value in state.items() if np.isfinite(value)}


def _of_game(event: Event, game: str) -> Event:
    import msgspec

    return msgspec.structs.replace(event, game=game)
