"""JSON Schemas and the AsyncAPI 3 document, made from the structs that the codecs use; never written by hand."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any

import msgspec

from streaming import records, topics
from streaming.web import messages

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: what is on the wire, by schema name
KINDS: dict[str, tuple[type, int]] = {
    "event": (records.Event, records.EVENT_VERSION),
    "stat-update": (records.StatUpdate, records.STAT_VERSION),
    "game-record": (records.GameRecord, records.GAME_VERSION),
    "subscribe": (messages.Subscribe, 1),
    "stats": (messages.Stats, 1),
    "positions": (messages.Positions, 1),
    "game": (messages.Game, 1),
    "gap": (messages.Gap, 1),
    "problem": (messages.Problem, 1),
}

#: telemetry packets are binary; this is their description for people and for AsyncAPI
TELEMETRY_LAYOUT = (
    "Binary, little-endian: prefix {magic 'TL', u8 version, u8 flags, u16 header bytes, u32 samples}, a msgpack array "
    "[game, feed, arrival_us, [channel names]], then columns t_us i64, tag u32, x_m f32, y_m f32, z_m f32, "
    "arrival_us i64 if flags & 1, and one f32 column per channel."
)


@lru_cache(maxsize=1)
def json_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by name, each complete in itself (its parts under ``$defs``)."""
    return {name: _schema(name, kind, number) for name, (kind, number) in KINDS.items()}


def _schema(name: str, kind: type, number: int) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"touchline/{name}/v{number}.json", "title": name, **msgspec.json.schema(kind)}


def _message(name: str, summary: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{KINDS[name][0].__name__}"},
    }


def _summary(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _components() -> tuple[dict[str, Any], dict[str, Any]]:
    kinds = [kind for kind, _ in KINDS.values()]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    found = {name: _message(name, _summary(kind)) for name, (kind, _) in KINDS.items()}
    found["telemetry"] = {
        "name": "telemetry", "title": "telemetry", "contentType": "application/octet-stream",
        "summary": "A packet of samples of one feed, in columns.",
        "payload": {"type": "string", "format": "binary", "description": TELEMETRY_LAYOUT},
    }  # fmt: skip
    return schemas, found


def _channel(address: str, names: tuple[str, ...], description: str, *, server: str, **more: Any) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        **more,
    }


def _operation(action: str, channel: str, names: tuple[str, ...], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }


def asyncapi(host: str = "127.0.0.1:8080") -> dict[str, Any]:
    """The AsyncAPI 3 document of the gateway's sockets and of the topics; an action is what this program does."""
    schemas, found = _components()
    out = ("stats", "positions", "game", "gap", "problem")
    sport = {"sport": {"description": "a sport's name, as in /api/catalogue"}}
    topic = topics.stats, topics.telemetry, topics.events, topics.games
    stats, telemetry, events, games = (make("{sport}") for make in topic)
    query = {
        "type": "object",
        "properties": {
            "topics": {"type": "string", "description": "patterns joined by commas: stats.soccer.shot.*"},
            "game": {"type": "string", "description": "only these games, joined by commas"},
            "subject": {"type": "string", "description": "only these players or teams, joined by commas"},
            "from": {"type": "string", "description": "the cursor to go on from"},
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Touchline",
            "version": version("touchline"),
            "description": "Stats of live games: the gateway's sockets and the topics.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {"host": host, "protocol": "ws", "description": "the gateway's WebSocket"},
            "broker": {"host": "localhost:9092", "protocol": "kafka", "description": "topics keyed by game"},
        },
        "channels": {
            "socket": _channel(
                "/ws", (*out, "subscribe"), "Subscribe by query or by message.", server="gateway",
                bindings={"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
            ),
            "stats": _channel(stats, ("stat-update",), "Every stat of a sport.", server="broker", parameters=sport),
            "games": _channel(games, ("game-record",), "Game records, compacted.", server="broker", parameters=sport),
            "events": _channel(events, ("event",), "Reported events.", server="broker", parameters=sport),
            "telemetry": _channel(telemetry, ("telemetry",), "Samples of tags.", server="broker", parameters=sport),
        },
        "operations": {
            "publish": _operation("send", "socket", out, "Values, positions and game records to a client."),
            "subscribe": _operation("receive", "socket", ("subscribe",), "A client says what it wants."),
            "emitStats": _operation("send", "stats", ("stat-update",), "Values as they are made."),
            "takeGames": _operation("receive", "games", ("game-record",), "A game is announced."),
            "takeEvents": _operation("receive", "events", ("event",), "An event is reported."),
            "takeTelemetry": _operation("receive", "telemetry", ("telemetry",), "A packet of samples arrives."),
        },
        "components": {"schemas": schemas, "messages": found},
    }  # fmt: skip
