"""JSON Schemas and the AsyncAPI 3 document, made from the structs that the codecs use; never written by hand."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any

import msgspec

from features.common.commentary import Story
from features.common.highlights import Highlight
from streaming.operator import health
from streaming.web import messages
from streaming.wire import feed, records, topics
from streaming.wire import messages as wire

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: what is on the wire, by schema name
KINDS: dict[str, tuple[type, int]] = {
    "event": (records.Event, records.EVENT_VERSION),
    "stat-update": (records.StatUpdate, records.STAT_VERSION),
    "game-record": (records.GameRecord, records.GAME_VERSION),
    "game-start": (feed.GameStart, 1),
    "game-end": (feed.GameEnd, 1),
    "stat-batch": (wire.StatBatch, 1),
    "dead-letter": (wire.Letter, 1),
    "prediction": (wire.PredictionMessage, 1),
    "health": (health.Health, 2),
    "subscribe": (messages.Subscribe, 1),
    "stats": (messages.Stats, 1),
    "positions": (wire.Positions, 1),
    "game": (messages.Game, 1),
    "gap": (messages.Gap, 1),
    "problem": (messages.Problem, 1),
}

#: objects that are values of stats: of ``game.highlight`` and ``game.story``
VALUES: dict[str, tuple[Any, int]] = {"highlight": (Highlight, 1), "story": (Story, 1)}

#: telemetry packets are binary; this is their description for people and for AsyncAPI
TELEMETRY_LAYOUT = (
    "Binary, little-endian: prefix {magic 'TL', u8 version, u8 flags, u16 header bytes, u32 samples, i64 arrival_us}, a msgpack "
    "array [game, feed, [channel names]], then columns t_us i64, tag u32, x_m f32, y_m f32, z_m f32, "
    "arrival_us i64 if flags & 1, and one f32 column per channel."
)


_ANY = "{sport}"
SPORT = {"sport": {"description": "a sport's name, as in /api/catalogue"}}
#: channel -> (address, messages, its content, what this program does with it, the operation's name, and its summary)
TOPICS: dict[str, tuple[str, tuple[str, ...], str, str, str, str]] = {
    "telemetry": (
        topics.telemetry(_ANY), ("telemetry", "event", "game-start", "game-end"),
        "Input: everything of a game in one order: its record, packets and events as they arrive, and its end. "
        "A message that begins with { is JSON, and an object without a kind is an event.",
        "receive", "receiveTelemetry", "A record of a game arrives.",
    ),
    "games": (
        topics.games(_ANY), ("game-record",), "Game records, compacted.", "receive", "receiveGames", "A game is announced.",
    ),
    "stats": (
        topics.stats(_ANY), ("stat-batch",), "Every stat of a sport, what was published together in one message.",
        "send", "emitStats", "Values as they are made.",
    ),
    "events": (
        topics.events(_ANY), ("event",), "Events as an operator accepted them.",
        "send", "emitEvents", "An event was accepted.",
    ),
    "positions": (
        topics.positions(_ANY), ("positions",), "Positions for drawing, kept for an hour; the latest wins.",
        "send", "emitPositions", "Positions of all players.",
    ),
    "predictions": (
        topics.predictions(_ANY), ("prediction",), "Features and answers of models.",
        "send", "emitPredictions", "A model has answered.",
    ),
    "deadTelemetry": (
        topics.dead(topics.telemetry(_ANY)), ("dead-letter",), "Packets and samples that could not be used, and why.",
        "send", "rejectTelemetry", "A packet could not be used.",
    ),
    "deadEvents": (
        topics.dead(topics.events(_ANY)), ("dead-letter",), "Events that could not be used, and why.",
        "send", "rejectEvents", "An event could not be used.",
    ),
    "health": (
        topics.health(_ANY), ("health",), "Health of each game's operator, once a second; compacted.",
        "send", "reportHealth", "Metrics of an operator.",
    ),
}  # fmt: skip


@lru_cache(maxsize=1)
def json_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by name, each complete in itself (its parts under ``$defs``)."""
    return {name: _schema(name, kind, number) for name, (kind, number) in (KINDS | VALUES).items()}


def _schema(name: str, kind: Any, number: int) -> dict[str, Any]:
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
        "name": "telemetry",
        "title": "telemetry",
        "contentType": "application/octet-stream",
        "summary": "A packet of samples of one feed, in columns.",
        "payload": {"type": "string", "format": "binary", "description": TELEMETRY_LAYOUT},
    }
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
    query = {
        "type": "object",
        "properties": {
            "topics": {"type": "string", "description": "patterns joined by commas: stats.soccer.shot.*"},
            "game": {"type": "string", "description": "only these games, joined by commas"},
            "subject": {"type": "string", "description": "only these players or teams, joined by commas"},
            "from": {"type": "string", "description": "the cursor to resume from"},
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
                "/ws",
                (*out, "subscribe"),
                "Subscribe by query or by message.",
                server="gateway",
                bindings={"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
            ),
            **{
                name: _channel(address, kinds, text, server="broker", parameters=SPORT)
                for name, (address, kinds, text, *_) in TOPICS.items()
            },
        },
        "operations": {
            "publish": _operation("send", "socket", out, "Values, positions and game records to a client."),
            "subscribe": _operation("receive", "socket", ("subscribe",), "A client subscribes."),
            **{name: _operation(action, channel, kinds, text) for channel, (_, kinds, _, action, name, text) in TOPICS.items()},
        },
        "components": {"schemas": schemas, "messages": found},
    }
