"""OpenAPI 3.1 documents, made from structs and tables of the code, and that of the endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final, get_args, get_origin

import msgspec

VERSION: Final = "3.1.0"
_REF: Final = "#/components/schemas/{name}"

#: how a token is shown; an empty requirement: without one where none is asked for
SECURITY: Final = {"bearer": {"type": "http", "scheme": "bearer", "description": "a token of the server's token file"}}


def types_in(kinds: Iterable[Any]) -> list[Any]:
    """The types of a table, without those that are media types."""
    return [kind for kind in kinds if not isinstance(kind, str)]


def schemas_of(kinds: Iterable[Any]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    """(type -> its schema, components by name)."""
    wanted = types_in(kinds)
    found, components = msgspec.json.schema_components(wanted, ref_template=_REF)
    return {_key(kind): schema for kind, schema in zip(wanted, found, strict=True)}, components


def _key(kind: Any) -> Any:
    """A name for a type, also for one that cannot be hashed."""
    return (get_origin(kind), get_args(kind)) if get_args(kind) else kind


def body(kind: Any, schemas: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    """The content of an answer or a request: a type is JSON, a string a media type."""
    if isinstance(kind, str):
        return {kind: {"schema": {}}}
    return {"application/json": {"schema": schemas[_key(kind)]}}


def path_of(route: str) -> tuple[str, list[dict[str, Any]]]:
    """A route's path in a document, and its parameters: ``/api/games/{game:path}`` has ``{game}``."""
    names = re.findall(r"\{(\w+)(?::\w+)?\}", route)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names]
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", route), parameters


def document(title: str, description: str, paths: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A whole document."""
    return {
        "openapi": VERSION,
        "info": {"title": title, "version": version("touchline"), "description": description, "license": {"name": "MIT"}},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SECURITY},
        "security": [{}, {"bearer": []}],
    }


# -- the endpoint -----------------------------------------------------------------------------------------------------


class Problem(msgspec.Struct):
    reason: str
    message: str


class Failure(msgspec.Struct):
    """Why there is no answer."""

    error: Problem


class Listed(msgspec.Struct):
    modelName: str
    modelUrl: str


class Listing(msgspec.Struct):
    """The loaded models."""

    models: list[Listed]


class CardFeature(msgspec.Struct):
    name: str
    unit: str
    label: str


class ModelCard(msgspec.Struct):
    """A loaded model; ``classes`` where it has more than one probability."""

    modelName: str
    modelUrl: str
    version: str
    features: list[CardFeature]
    classes: list[str] = []


class Predictions(msgspec.Struct):
    """A value for each row, or one for each class of each row; null where there is none."""

    predictions: list[float | list[float | None] | None]
    model: str
    version: str


class Status(msgspec.Struct):
    status: str


class Limits(msgspec.Struct):
    """Limits for batch jobs."""

    MaxConcurrentTransforms: int
    BatchStrategy: str
    MaxPayloadInMB: int


class Load(msgspec.Struct):
    """A model to load, from a folder the endpoint was started with."""

    model_name: str
    url: str


class Replace(msgspec.Struct):
    """The folder of the version that takes a model's place."""

    url: str


#: one cell, a row, a row by feature, or SageMaker's {"features": [...]}
_CELL: Final[dict[str, Any]] = {"type": ["number", "null"]}
_LIST: Final[dict[str, Any]] = {"type": "array", "items": _CELL}
_ROW: Final[dict[str, Any]] = {
    "anyOf": [_LIST, {"type": "object", "additionalProperties": {"anyOf": [_CELL, _LIST]}}],
}
ROWS: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "array", "items": {"anyOf": [_ROW, _CELL]}, "minItems": 1, "maxItems": 10_000},
        {
            "type": "object",
            "properties": {"instances": {"type": "array", "items": {"anyOf": [_ROW, _CELL]}, "minItems": 1}},
            "required": ["instances"],
            "additionalProperties": False,
        },
    ]
}
_PREDICT: Final = (400, 401, 403, 404, 406, 413, 415, 421, 429, 431, 500, 503, 504)
_READ: Final = (400, 401, 403, 404, 408, 413, 421, 429, 431, 500, 503)
_CHANGE: Final = (*_READ, 409, 415, 507)

#: path -> method -> (operation, summary, body, answer, other statuses)
ENDPOINT: Final[dict[str, dict[str, tuple[str, str, Any, Any, tuple[int, ...]]]]] = {
    "/ping": {"get": ("ping", "200 while it is ready.", None, Status, _READ)},
    "/invocations": {
        "post": ("invoke", "Rows in, predictions out, of the only model or the one named.", ROWS, Predictions, _PREDICT)
    },
    "/models": {
        "get": ("listModels", "The loaded models.", None, Listing, _READ),
        "post": ("loadModel", "Load a model.", Load, ModelCard, _CHANGE),
    },
    "/models/{name}": {
        "get": ("describeModel", "Version and features of a model.", None, ModelCard, _READ),
        "put": ("replaceModel", "Replace a model between two requests.", Replace, ModelCard, _CHANGE),
        "delete": ("unloadModel", "Unload a model.", None, dict[str, Any], _READ),
    },
    "/models/{name}/invoke": {"post": ("invokeModel", "Rows in, predictions out.", ROWS, Predictions, _PREDICT)},
    "/execution-parameters": {"get": ("limits", "Limits for batch jobs.", None, Limits, _READ)},
    "/metrics": {"get": ("metrics", "Metrics for Prometheus.", None, "text/plain", _READ)},
    "/openapi.json": {"get": ("openapi", "This document.", None, dict[str, Any], _READ)},
}


@lru_cache(maxsize=1)
def endpoint_document() -> dict[str, Any]:
    """The OpenAPI document of the endpoint (``models.serving.app``)."""
    rows = [operation for methods in ENDPOINT.values() for operation in methods.values()]
    kinds = [kind for _, _, sent, got, _ in rows for kind in (sent, got) if kind is not None and not isinstance(kind, dict)]
    schemas, components = schemas_of([*kinds, Failure])
    failure = body(Failure, schemas)
    paths: dict[str, Any] = {}
    for route, methods in ENDPOINT.items():
        path, parameters = path_of(route)
        for method, (name, summary, sent, got, statuses) in methods.items():
            answers = body(got, schemas)
            if got is Predictions:
                answers["text/csv"] = {"schema": {"type": "string"}}
            operation: dict[str, Any] = {
                "operationId": name,
                "summary": summary,
                "responses": {"200": {"description": summary, "content": answers}}
                | {str(status): {"description": "refused, with its reason", "content": failure} for status in sorted(statuses)},
            }
            if parameters:
                operation["parameters"] = parameters
            if sent is not None:
                content = {"application/json": {"schema": sent}} if isinstance(sent, dict) else body(sent, schemas)
                operation["requestBody"] = {"required": True, "content": content}
            paths.setdefault(path, {})[method] = operation
    return document("Touchline model endpoint", "Models over HTTP, by the contract of a SageMaker container.", paths, components)
