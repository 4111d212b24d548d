"""TRACAB's metadata in its three shapes: XML with ``match`` and ``period`` elements (TracabMetaData, OptaMetaData, ...), flat XML
with ``Phase1StartFrame`` and the like, and the same as JSON. A frame rate and the frames of the periods must be there, all else may
be missing."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.providers._files import document as json_document
from simulators.providers._files import number, shirt, text
from simulators.providers._stream import Side
from simulators.providers._xml import Element
from simulators.providers._xml import document as xml_document
from streaming.errors import BadInput

LENGTH_M, WIDTH_M = 105.0, 68.0
_PHASES = range(1, 6)
_POSITIONS = {"G": "Goalkeeper", "D": "Defender", "M": "Midfielder", "A": "Attacker"}


@dataclass(frozen=True)
class Person:
    """``ident`` is empty where the file has none."""

    shirt: int
    ident: str
    name: str
    position: str


@dataclass(frozen=True)
class Meta:
    """``frames`` {period: (first, last)}, last 0 while it is open; ``stated`` home's direction by period; ``teams`` (home, away)
    names and ``players`` of each."""

    game: str
    rate_hz: float
    length_m: float
    width_m: float
    pitch: str
    frames: dict[int, tuple[int, int]]
    stated: dict[int, Side] = field(default_factory=dict)
    teams: tuple[str, str] = ("", "")
    players: tuple[list[Person], list[Person]] = field(default_factory=lambda: ([], []))


def read_meta(path: Path) -> Meta:
    if text(path).lstrip().startswith("{"):
        return _flat(json_document(path), path)
    root = xml_document(path)
    match = root if root.tag == "match" else root.find(".//match")
    return _flat(_plain(root), path) if match is None else _nested(root, match, path)


def _nested(root: Element, match: Element, path: Path) -> Meta:
    frames: dict[int, tuple[int, int]] = {}
    for element in match.iter("period"):
        first, last = (number(element.get(name), path, name) for name in ("iStartFrame", "iEndFrame"))
        ident = number(element.get("iId"), path, "iId")
        if first > 0:
            frames[int(ident) if ident > 0 else len(frames) + 1] = int(first), int(last) if last > 0 else 0
    sides = [number(match.get(name), path, name) for name in ("fPitchXSizeMeters", "fPitchYSizeMeters")]
    found = [root.find(f".//{name}") for name in ("HomeTeam", "AwayTeam")]
    teams = [{} if team is None else _plain(team) for team in found]
    return _meta(path, match.get("iId", ""), match.get("iFrameRateFps"), "iFrameRateFps", sides, frames, {}, teams)


def _flat(known: Mapping[str, Any], path: Path) -> Meta:
    frames, stated = {}, dict[int, Side]()
    for phase in _PHASES:
        first, last = (number(known.get(f"Phase{phase}{edge}Frame"), path, f"Phase{phase}{edge}Frame") for edge in ("Start", "End"))
        if first > 0:
            frames[phase] = int(first), int(last) if last > 0 else 0
        left = str(known.get(f"Phase{phase}HomeGKLeft", "")).strip().lower()
        if left in ("true", "1", "false", "0"):
            stated[phase] = 1 if left in ("true", "1") else -1
    sides = [number(known.get(name), path, name) / 100 for name in ("PitchLongSide", "PitchShortSide")]
    teams = [known.get(name) or {} for name in ("HomeTeam", "AwayTeam")]
    game = known.get("GameID")
    return _meta(path, "" if game is None else str(game), known.get("FrameRate"), "FrameRate", sides, frames, stated, teams)


def _meta(
    path: Path,
    game: str,
    rate: Any,
    rate_name: str,
    sides: list[float],
    frames: dict[int, tuple[int, int]],
    stated: dict[int, Side],
    teams: Sequence[Mapping[str, Any]],
) -> Meta:
    rate_hz = number(rate, path, rate_name)
    if not rate_hz > 0:
        raise BadInput(f"{path} is no metadata of a TRACAB game: it has no {rate_name}")
    if not frames:
        raise BadInput(f"{path} is no metadata of a TRACAB game: it has no frames of a period")
    has_size = all(side > 0 for side in sides)
    home, away = (_players(team.get("Players"), path) for team in teams)
    return Meta(
        game=game,
        rate_hz=rate_hz,
        length_m=sides[0] if has_size else LENGTH_M,
        width_m=sides[1] if has_size else WIDTH_M,
        pitch="as the file says" if has_size else f"{LENGTH_M:g} x {WIDTH_M:g} m, for it is not in the file",
        frames=dict(sorted(frames.items())),
        stated=stated,
        teams=(_name(teams[0]), _name(teams[1])),
        players=(home, away),
    )


def _name(team: Mapping[str, Any]) -> str:
    return html.unescape(str(team.get("ShortName") or team.get("LongName") or team.get("Name") or ""))


def _players(listed: Any, path: Path) -> list[Person]:
    """Of a list of players, bare or under one name (``item``, ``Player``)."""
    while isinstance(listed, Mapping) and "JerseyNo" not in listed:
        listed = next(iter(listed.values()), [])
    rows: Iterable[Any] = listed if isinstance(listed, list) else [listed] if listed else []
    players = []
    for row in rows:
        number_ = shirt(row.get("JerseyNo")) if isinstance(row, Mapping) else None
        if number_ is None:
            continue
        whole = " ".join(html.unescape(str(row[part])) for part in ("FirstName", "LastName") if row.get(part))
        ident = row.get("PlayerID") or row.get("PlayerId") or ""
        players.append(Person(number_, str(ident), whole, _POSITIONS.get(str(row.get("StartingPosition", "")), "")))
    shirts = [one.shirt for one in players]
    if len(set(shirts)) < len(shirts):
        raise BadInput(f"{path} has two players of one team with the shirt {next(one for one in shirts if shirts.count(one) > 1)}")
    return players


def _plain(element: Element) -> dict[str, Any]:
    """An element's children (and attributes) by name: text, or again such a dict; of one name several, as a list."""
    found: dict[str, Any] = dict(element.attrib)
    for child in element:
        value: Any = _plain(child) if len(child) or child.attrib else (child.text or "").strip()
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[child.tag] = value
    return found
