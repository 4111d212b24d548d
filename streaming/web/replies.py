"""The answers of the REST routes, as structs: what the handlers encode and what the OpenAPI document describes."""

from __future__ import annotations

from typing import Any

import msgspec

from streaming.web.graphics import Graphic
from streaming.wire.records import Event, GameRecord, StatUpdate, Team


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``ok`` or ``failing``; to whom a token lets read also the rest."""

    status: str
    games: int | msgspec.UnsetType = msgspec.UNSET
    subscribers: int | msgspec.UnsetType = msgspec.UNSET
    problems: list[str] = []


class GameEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A game in the list; ``quiet_s``: since something of it was published."""

    game: str
    sport: str
    title: str
    teams: tuple[Team, ...]
    t0_us: int
    seq: int
    quiet_s: float


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """Values of one game, and its cursor."""

    game: str
    seq: int
    updates: list[StatUpdate]


class CatalogueStat(msgspec.Struct, frozen=True, kw_only=True):
    """One stat of the catalogue; ``every_s`` is null for one of events."""

    id: str
    unit: str
    definition: str
    per: str
    kind: str
    model: str | None
    components: list[str]
    holds: bool
    every_s: float | None
    on: list[str]
    air: str
    source: str
    topic: str


class FeatureEntry(msgspec.Struct, frozen=True, kw_only=True):
    unit: str
    label: str


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A model: the stat it makes, its classes and its features."""

    title: str
    stat: str
    classes: list[str]
    features: dict[str, FeatureEntry]


class RecordingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A recording beside the gateway, by folder name."""

    name: str
    game: str
    sport: str
    title: str


class Operators(msgspec.Struct, frozen=True, kw_only=True):
    """The data of the operator page."""

    buckets_us: list[float]
    games: dict[str, dict[str, Any]]
    gateway: dict[str, Any]
    dead: list[dict[str, Any]]
    cluster: dict[str, Any] | None
    models: list[dict[str, Any]] | None


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong, in one sentence."""

    error: str


#: (window end, value of each subject) by stat
History = dict[str, list[tuple[int, list[Any]]]]

#: what each route answers, by its path in the application; a string is a media type that is no JSON
ANSWERS: dict[str, Any] = {
    "/": "text/html",
    "/operator": "text/html",
    "/catalogue": "text/html",
    "/graphics/{name}": "text/html",
    "/graphics/{name}/{file}": "*/*",
    "/sse": "text/event-stream",
    "/health": Health,
    "/ready": Health,
    "/live": Health,
    "/metrics": "text/plain",
    "/asyncapi.json": dict[str, Any],
    "/openapi.json": dict[str, Any],
    "/api/schemas": dict[str, str],
    "/api/schemas/{name}.json": "application/schema+json",
    "/api/games": list[GameEntry],
    "/api/games/{game:path}/latest": Values,
    "/api/games/{game:path}/moments": Values,
    "/api/games/{game:path}/history": History,
    "/api/games/{game:path}/events": list[Event],
    "/api/games/{game:path}": GameRecord,
    "/api/catalogue": dict[str, list[CatalogueStat]],
    "/api/catalogue/{sport}": list[CatalogueStat],
    "/api/models": dict[str, ModelEntry],
    "/api/graphics": list[Graphic],
    "/ograf/{file}": "*/*",
    "/api/recordings": list[RecordingEntry],
    "/api/operators": Operators,
}

_STAT = ("stat", "patterns of stats joined by commas: soccer.shot.*")
_SUBJECT = ("subject", "only these players or teams, joined by commas")
_GAME = ("game", "only this game")
#: query parameters by path: (name, description)
QUERY: dict[str, tuple[tuple[str, str], ...]] = {
    "/": (_GAME,),
    "/sse": (
        ("topics", "patterns joined by commas: stats.soccer.shot.*"),
        ("game", "only these games, joined by commas"),
        _SUBJECT,
        ("from", "the cursor to resume from"),
    ),
    "/api/games/{game:path}/latest": (_STAT, _SUBJECT),
    "/api/games/{game:path}/moments": (_STAT, _SUBJECT),
    "/api/games/{game:path}/history": (_STAT,),
    "/api/games/{game:path}/events": (("type", "types of events joined by commas"), _SUBJECT),
    "/api/operators": (("game", "metrics of this game only"),),
}
