"""The OpenAPI 3.1 document of the gateway, made from its routes and the structs that they answer with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.routing import BaseRoute, Route

from models.serving.openapi import body, document, path_of, schemas_of
from streaming.web.front import needed
from streaming.web.replies import ANSWERS, QUERY, Error, Health

_SCOPES = {
    "": "Open to everybody.",
    "reads": "Any scope that reads the game.",
    "metrics": "Scope metrics.",
    "admin": "Scope admin.",
}
_REFUSALS = {
    "400": "the request makes no sense",
    "401": "a token is needed",
    "403": "the token does not cover this",
    "404": "there is no such thing here",
    "421": "another host",
    "429": "too many requests",
}
#: probes answer 503 with the reasons
_PROBED = ("/health", "/ready")


def gateway_document(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The document of these routes; ``KeyError`` for one without an entry in ``replies.ANSWERS``. The WebSocket is in the AsyncAPI
    document."""
    described = [route for route in routes if isinstance(route, Route)]
    schemas, components = schemas_of([*(ANSWERS[route.path] for route in described), Error])
    refusals = {status: {"description": why, "content": body(Error, schemas)} for status, why in _REFUSALS.items()}
    paths: dict[str, Any] = {}
    for route in described:
        path, parameters = path_of(route.path)
        parameters += [
            {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}
            for name, about in QUERY.get(route.path, ())
        ]
        summary = " ".join((route.endpoint.__doc__ or f"The page {path}.").split("\n\n")[0].split())
        paths[path] = {
            "get": {
                "operationId": path.strip("/").replace("/", "_").replace("{", "").replace("}", "").replace(".", "_") or "live",
                "summary": summary,
                "description": _SCOPES[needed(path)],
                "responses": {"200": {"description": summary, "content": body(ANSWERS[route.path], schemas)}}
                | refusals
                | ({"503": {"description": "it is failing", "content": body(Health, schemas)}} if path in _PROBED else {}),
                **({"parameters": parameters} if parameters else {}),
            }
        }
    return document("Touchline gateway", "Stats of live games over HTTP; the WebSocket is in /asyncapi.json.", paths, components)
