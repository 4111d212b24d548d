"""REST: games, latest values, the catalogue, recordings, schemas, and the health of the operators."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from models.latency import DRAWN_US, Latency
from models.registry.live import LIVE
from streaming.errors import BadInput, BadRecord
from streaming.operator.metrics import OperatorMetrics
from streaming.web import condition, prometheus, schemas
from streaming.web.filters import Filter, split
from streaming.web.front import grant_of
from streaming.web.game_cache import GameCache
from streaming.web.graphics import graphics
from streaming.web.hub import Hub
from streaming.web.ograf import files as ograf_files
from streaming.web.openapi import gateway_document
from streaming.web.replies import CatalogueStat, FeatureEntry, GameEntry, Health, ModelEntry, RecordingEntry
from streaming.wire.records import decode_game

_encode = msgspec.json.Encoder().encode


def json_response(content: Any, status: int = 200) -> Response:
    """JSON, encoded as the records are."""
    return Response(_encode(content), status, media_type="application/json", headers={"cache-control": "no-store"})


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


def _game_cache(request: Request) -> GameCache:
    game = request.path_params["game"]
    cache = _hub(request).games.get(game)
    grant = grant_of(request.scope)
    if not grant.reads_game(game, _hub(request).sport_of(game)):
        raise HTTPException(403, f"this token may not read the game {game[:80]!r}")
    if cache is None or cache.record is None:
        raise HTTPException(404, f"there is no game {game[:80]!r} here: /api/games lists the games")
    return cache


def _condition(request: Request, problems: list[str]) -> Response:
    """A probe without a token learns whether, and not why."""
    hub, status = _hub(request), "failing" if problems else "ok"
    if grant_of(request.scope).reads:
        subscribers = sum(hub.subscribers().values())
        found = Health(status=status, games=len(hub.games), subscribers=subscribers, problems=problems)
    else:
        found = Health(status=status)
    return json_response(found, 503 if problems else 200)


async def health(request: Request) -> Response:
    """503 with the reasons while what is shown is not live: the broker is away, or a feed is silent; or while the Flink cluster is
    away, or a job of it has lost what it published."""
    cluster = request.app.state.cluster
    return _condition(request, condition.problems(_hub(request), cluster) + condition.flink_problems(cluster))


async def ready(request: Request) -> Response:
    """503 as :func:`health` for what is shown, and while the past is still being read: Kubernetes' readiness."""
    return _condition(request, condition.not_ready(_hub(request), request.app.state.cluster))


async def live(request: Request) -> Response:
    """200 while the event loop turns: Kubernetes' liveness, since another start mends nothing else."""
    return _condition(request, [])


async def games(request: Request) -> Response:
    """Every game that the token covers, newest first."""
    grant = grant_of(request.scope)
    found = [c for c in _hub(request).games.values() if c.record is not None and grant.reads_game(c.game, c.record.sport)]
    return json_response(
        [
            GameEntry(
                game=c.game,
                sport=c.record.sport,
                title=c.record.title,
                teams=tuple(c.record.teams),
                t0_us=c.record.t0_us,
                seq=c.seq,
                quiet_s=round((time.monotonic_ns() - c.updated_ns) / 1e9, 3),
            )
            for c in reversed(found)
            if c.record is not None
        ]
    )


async def game(request: Request) -> Response:
    """The game record."""
    return json_response(_game_cache(request).record)


def _selection(request: Request, parameter: str, prefix: str) -> Filter:
    patterns = split(request.query_params.getlist(parameter)) or ["#"]
    subjects = split(request.query_params.getlist("subject"))
    return Filter.of([p if p in ("#", "*") else prefix + p for p in patterns], (), subjects)


async def latest(request: Request) -> Response:
    """The newest of each value: ``?stat=soccer.shot.*&subject=...``."""
    cache, selection = _game_cache(request), _selection(request, "stat", "stats.")
    values = [msgspec.Raw(item.raw) for item in cache.latest(selection) if not item.event]
    return json_response({"game": cache.game, "seq": cache.seq, "updates": values})


async def moments(request: Request) -> Response:
    """Every value of every event: ``?stat=soccer.shot.*``."""
    cache, selection = _game_cache(request), _selection(request, "stat", "stats.")
    values = [msgspec.Raw(item.raw) for item in cache.moments(selection) if not item.event]
    return json_response({"game": cache.game, "seq": cache.seq, "updates": values})


async def history(request: Request) -> Response:
    """Past values of teams, ball and match, a few seconds apart: ``?stat=soccer.match.*``."""
    return json_response(_game_cache(request).history(_selection(request, "stat", "stats.")))


async def events(request: Request) -> Response:
    """Every event as it was reported: ``?type=shot``."""
    cache = _game_cache(request)
    assert cache.record is not None
    selection = _selection(request, "type", f"events.{cache.record.sport}.")
    return json_response([msgspec.Raw(item.raw) for item in cache.moments(selection) if item.event])


@lru_cache(maxsize=32)
def _catalogue(sport: str | None) -> dict[str, list[CatalogueStat]]:
    from features.core.sport import load_sport, sports  # numba comes with it

    names = [sport] if sport is not None else sports()
    return {
        name: [
            CatalogueStat(
                id=s.id,
                unit=s.unit,
                definition=s.definition,
                per=s.per,
                kind=s.kind,
                model=s.model,
                components=list(s.components),
                holds=s.held,
                every_s=s.every_s or declared.hop_s if s.kind != "event" else None,
                on=list(s.on),
                air=s.on_screen_name,
                source=s.source,
                topic=f"stats.{s.id}",
            )
            for s in declared.stats
        ]
        for name in names
        for declared in (load_sport(name),)
    }


async def catalogue(request: Request) -> Response:
    """Every stat of every sport, or of one: unit, definition, topic, graphic."""
    sport = request.path_params.get("sport")
    try:
        found = await run_in_threadpool(_catalogue, sport)
    except ValueError as error:
        raise HTTPException(404, str(error)) from None
    return json_response(found if sport is None else found[sport])


@lru_cache(maxsize=1)
def _models() -> dict[str, ModelEntry]:
    from models.specs import SPECS

    return {
        name: ModelEntry(
            title=model.title,
            stat=model.stat,
            classes=list(model.classes),
            features={f.name: FeatureEntry(unit=f.unit, label=f.label) for f in model.features},
        )
        for name, model in SPECS.items()
    }


async def models(request: Request) -> Response:
    """The models' features with units and labels: attributions name features, and a graphic shows their labels."""
    return json_response(await run_in_threadpool(_models))


async def graphic_list(request: Request) -> Response:
    """The graphics that can be put on air, with their addresses."""
    return json_response(list(graphics().values()))


async def ograf(request: Request) -> Response:
    """The graphics for an OGraf renderer: manifests and components, with this gateway as the source of data."""
    file = request.path_params["file"]
    content = ograf_files(str(request.base_url).rstrip("/")).get(file)
    if content is None:
        raise HTTPException(404, f"there is no {file[:80]!r} here: /api/graphics lists the graphics, NAME.ograf.json is a manifest")
    kind = "text/javascript" if file.endswith(".mjs") else "application/json"
    return Response(content, media_type=kind, headers={"cache-control": "no-cache"})


def _recordings(folder: Path) -> list[RecordingEntry]:
    found = []
    for path in sorted(folder.glob("*/game.json")):
        try:
            record = decode_game(path.read_bytes())
        except (BadRecord, OSError):
            continue  # not a recording; `touchline replay` names the reason
        found.append(RecordingEntry(name=path.parent.name, game=record.game, sport=record.sport, title=record.title))
    return found


async def recordings(request: Request) -> Response:
    """The recordings beside this gateway, by folder name."""
    folder: Path | None = request.app.state.recordings
    return json_response(await run_in_threadpool(_recordings, folder) if folder is not None else [])


async def schema(request: Request) -> Response:
    """One JSON Schema."""
    name = request.path_params["name"]
    found = schemas.json_schemas().get(name)
    if found is None:
        raise HTTPException(404, f"there is no schema {name[:80]!r}: {', '.join(schemas.json_schemas())}")
    return Response(_encode(found), media_type="application/schema+json")


async def schema_names(request: Request) -> Response:
    """Where the schemas are."""
    return json_response({name: f"/api/schemas/{name}.json" for name in schemas.json_schemas()})


async def asyncapi(request: Request) -> Response:
    """The AsyncAPI 3 document of the gateway and of the topics."""
    return json_response(schemas.asyncapi(request.base_url.netloc))


async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document of the gateway."""
    return json_response(gateway_document(request.app.routes))


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    return Response(await request.app.state.exposition.text(), media_type=prometheus.CONTENT_TYPE)


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "count": latency.count,
        "p50_us": latency.quantile(0.5),
        "p99_us": latency.quantile(0.99),
        "max_us": latency.max_us,
        "mean_us": latency.sum_us / latency.count if latency.count else None,
        "counts": latency.summed(DRAWN_US),
    }


def metrics_json(metrics: OperatorMetrics) -> dict[str, Any]:
    return {
        "steps": [
            {"name": step, "last_us": last / 1e3, "max_us": worst / 1e3, "total_us": total / 1e3, "calls": calls}
            for step, last, worst, total, calls in zip(
                metrics.steps,
                metrics.step_last_ns.tolist(),
                metrics.step_max_ns.tolist(),
                metrics.step_ns.tolist(),
                metrics.step_calls.tolist(),
                strict=True,
            )
        ],
        "records": metrics.records(),
        "unavailable": metrics.unavailable(),
        "windows": metrics.windows,
        "events": metrics.events,
        "window_latency": _latency(metrics.window_latency),
        "event_latency": _latency(metrics.event_latency),
        "watermark_lag_us": metrics.watermark_lag_us,
    }


async def operators(request: Request) -> Response:
    """The data of the operator page: metrics of each operator (``?game=``: of one game only, which keeps the answer small where
    there are hundreds) and of the gateway, the newest dead letters, and the cluster."""
    hub, cluster, chosen = _hub(request), request.app.state.cluster, request.query_params.get("game")
    return json_response(
        {
            "buckets_us": DRAWN_US,
            "games": {
                g: {
                    "quiet_s": (time.monotonic_ns() - c.updated_ns) / 1e9,
                    "title": c.record.title,
                    "sport": c.record.sport,
                    "runner": c.runner,
                    "reported_s": max(0.0, time.time() - c.reported_us / 1e6) if c.reported_us else None,
                    "windows": c.metrics.windows if c.metrics is not None else None,
                    "window_p50_us": c.metrics.window_latency.quantile(0.5) if c.metrics is not None else None,
                    "window_p99_us": c.metrics.window_latency.quantile(0.99) if c.metrics is not None else None,
                    "steps": len(c.metrics.steps) if c.metrics is not None else None,
                    "meters": metrics_json(c.metrics) if c.metrics is not None and chosen in (None, g) else None,
                }
                for g, c in hub.games.items()
                if c.record is not None
            },
            "gateway": {
                "subscribers": hub.subscribers(),
                "latency": _latency(hub.socket_latency),
                "shed": hub.shed,
                "skipped": hub.skipped + sum(s.skipped for members in hub.groups.values() for s in members),
            },
            "dead": [
                {
                    "topic": d.source,
                    "game": d.game,
                    "reason": d.reason,
                    "detail": d.detail[:200],
                    "arrival_us": d.arrival_us,
                    "records": len(d),
                }
                for d in reversed(hub.dead_letters)
            ][:25],
            "cluster": None if cluster is None else cluster.report(),
            "models": None if hub.models is None else hub.models.recent_report(),
            "registry": LIVE.report(),
        }
    )


async def error_response(request: Request, error: Exception) -> Response:
    """One sentence and its status, for bad requests."""
    if isinstance(error, HTTPException):
        return json_response({"error": error.detail}, error.status_code)
    assert isinstance(error, BadInput)
    from streaming.web.websocket import status_of

    return json_response({"error": str(error)}, status_of(error))
