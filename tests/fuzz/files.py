"""Small games in the form of every provider, made by the tests' own writers: what the fuzzers of readers begin with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.fuzz.mutations import Files
from tests.simulators.providers import small, small_kloppy, small_wyscout
from tests.simulators.providers.test_f1_files import live_files, race_files, replay_file
from tests.simulators.providers.test_f1_live import core_frames, fastf1, race
from tests.simulators.providers.test_ngs_years import frames_of, plain, year
from tests.simulators.providers.test_soccer_open_files import skillcorner, tracks


def f1_replay(folder: Path) -> list[Path]:
    """Two cars, two samples a second."""
    path = replay_file(folder)
    whole = json.loads(path.read_text())
    for car in whole["cars"]:
        car["samples"] = car["samples"][::5]
    path.write_text(json.dumps(whole))
    return [path]


Write = Callable[[Path], list[Path]]


def _live(form: Callable[..., str]) -> Write:
    def write(folder: Path) -> list[Path]:
        (folder / "live.txt").write_text(form(race()))
        return [folder / "live.txt"]

    return write


#: name of a kind of files -> (provider on the command line, what writes them)
GAMES: dict[str, tuple[str, Write]] = {
    "tracab": ("tracab", small.tracab),
    "tracab-dat": ("tracab", small.tracab_dat),
    "zxy": ("zxy", small.zxy),
    "skillcorner": ("skillcorner", small.skillcorner),
    "skillcorner-open": ("skillcorner", skillcorner),
    "metrica": ("metrica", small.metrica),
    "metrica-tracking": ("metrica", tracks),
    "sportec": ("sportec", small.sportec),
    "wyscout": ("wyscout", small_wyscout.wyscout),
    "wyscout-json": ("wyscout", small_wyscout.published),
    "ngs": ("ngs", lambda folder: plain(folder, frames_of(1, 10))),
    "ngs-2019": ("ngs", lambda folder: year(folder, "2019")),
    "ngs-2025": ("ngs", lambda folder: year(folder, "2025")),
    "tracinginsights": ("tracinginsights", race_files),
    "tracinginsights-practice": ("tracinginsights", race_files),
    "f1-livetiming": ("f1_livetiming", live_files),
    "f1-fastf1": ("f1_livetiming", _live(fastf1)),
    "f1-signalr": ("f1_livetiming", _live(core_frames)),
    "f1-replay": ("f1_replay", f1_replay),
    "kloppy-statsbomb": ("kloppy:statsbomb", lambda folder: small_kloppy.statsbomb(folder, frames=True)),
    "kloppy-metrica": ("kloppy:metrica.tracking_csv", small_kloppy.metrica),
    "kloppy-sportec": (
        "kloppy:sportec.event",
        lambda folder: [path for path in small.sportec(folder) if "positions" not in path.name],
    ),
    "kloppy-tracking": (
        "kloppy:sportec.tracking",
        lambda folder: [path for path in small.sportec(folder) if "events" not in path.name],
    ),
    "kloppy-tracab": ("kloppy:tracab", small.tracab_dat),
}


#: kinds whose folder's name counts
_FOLDERS = {"tracinginsights-practice": "x_practice_1"}


def folder_of(kind: str) -> str:
    """What a folder with files of this kind is called."""
    return _FOLDERS.get(kind, "files")


@cache
def game(kind: str) -> Files:
    """{name: bytes} of one kind."""
    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in GAMES[kind][1](Path(folder))}


def written(files: Files, folder: Path) -> list[Path]:
    """The files put into a folder."""
    folder.mkdir(exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return [folder / name for name in files]
