"""Artefacts of models, a registry's ledger, and what an endpoint is sent."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np

from models import artefact
from models.forest.format import read_forest
from models.registry.store import Store
from models.serving import contract
from models.serving.connection import Connection, Request
from tests.fuzz import mutations
from tests.fuzz.target import Finding, Target, archived, joined, mutated_files, mutated_parts, parted, unarchived

_NAMES = ("distance_m", "angle_deg", "header")


def targets() -> Iterator[Target]:
    yield Target("forest", read_forest, _forests, (ValueError,), mutations.one)
    yield Target("artefact", _artefact, _artefacts, (ValueError,), mutated_files)
    yield Target("ledger", _ledger, _ledgers, (ValueError,), mutated_files)
    yield Target("endpoint-body", _body, _bodies, (contract.Refused,), _mutated_body)
    yield Target("endpoint-http", _http, _requests, (), mutated_parts)


# -- artefacts ---------------------------------------------------------------------------------------------------------------


def _tree(number: int) -> dict[str, Any]:
    return {
        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [number, 0, 0],
        "split_conditions": [0.5, -0.1, 0.2], "default_left": [1, 0, 0], "sum_hessian": [9.0, 4.0, 5.0],
        "split_type": [0, 0, 0], "categories": [], "tree_param": {"num_nodes": "3", "size_leaf_vector": "1"},
    }  # fmt: skip


def _document() -> dict[str, Any]:
    """Two trees over three features, in the form in which xgboost saves them."""
    learner = {
        "learner_model_param": {"num_feature": "3", "num_class": "0", "num_target": "1", "base_score": "5E-1"},
        "objective": {"name": "binary:logistic"},
        "gradient_booster": {"name": "gbtree", "model": {"trees": [_tree(0), _tree(2)], "tree_info": [0, 0]}},
    }
    return {"learner": learner, "version": [2, 1, 0]}


def _ubjson(value: Any) -> bytes:
    """A value in UBJSON, plainly: no typed arrays."""
    if isinstance(value, dict):
        return b"{" + b"".join(_length(key.encode()) + _ubjson(one) for key, one in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b"".join(_ubjson(one) for one in value) + b"]"
    if isinstance(value, str):
        return b"S" + _length(value.encode())
    if isinstance(value, int):
        return b"l" + value.to_bytes(4, "big", signed=True)
    return b"D" + np.array(value, ">f8").tobytes()


def _length(raw: bytes) -> bytes:
    return b"L" + len(raw).to_bytes(8, "big") + raw


def _forests() -> list[bytes]:
    return [json.dumps(_document()).encode(), _ubjson(_document())]


def _card() -> dict[str, Any]:
    return {
        "name": "fuzzed", "title": "A model", "classes": ["no", "yes"],
        "features": [{"name": n, "unit": "m", "label": n} for n in _NAMES], "trained_on": {"source": "simulated", "rows": 10},
        "command": "x", "seed": 1, "metrics": {"brier": 0.1}, "parameters": {}, "schema": 1, "limits": "none",
    }  # fmt: skip


def _artefacts() -> list[bytes]:
    return [archived({"card.json": json.dumps(_card()).encode(), "model.json": forest}) for forest in _forests()[:1]]


def _artefact(data: bytes) -> None:
    """Load the folder, whose card has the version that belongs to its content, and predict and explain with what loads."""
    files = unarchived(data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, body in files.items():
            (folder / file).write_bytes(body)
        try:
            card = msgspec.json.decode(files["card.json"], type=artefact.Card)
            version = artefact.version_of(card, files["model.json"])
            plain = json.loads(files["card.json"])
            (folder / "card.json").write_text(json.dumps(plain | {"version": version}))
        except (KeyError, ValueError, TypeError, msgspec.MsgspecError, RecursionError):
            pass  # it is tried as it is
        model = artefact.load(folder)
    rows = np.array([[1.0] * len(model.features), [np.nan] * len(model.features)])
    out = model.predict(rows)
    if len(out) != len(rows):
        raise Finding("a model that loads gives no value for each row")


def _ledgers() -> list[bytes]:
    entries = [
        {"at": "2025-01-01T00:00:00+00:00", "deed": deed, "version": "0123456789ab", "by": "a", "why": "b", "before": ""}
        for deed in ("registered", "approved", "deployed")
    ]
    pointer = {"version": "0123456789ab", "at": "2025-01-01T00:00:00+00:00", "by": "a"}
    ledger = "".join(json.dumps(entry) + "\n" for entry in entries)
    return [archived({"ledger.jsonl": ledger.encode(), "deployed.json": json.dumps(pointer).encode()})]


def _ledger(data: bytes) -> None:
    files = unarchived(data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "xgoals"
        folder.mkdir()
        for file, body in files.items():
            (folder / file).write_bytes(body)
        store = Store(Path(name))
        store.names()
        store.mark("xgoals")
        store.versions("xgoals")
        store.find("xgoals", "0123")
        store.load("xgoals", "0123")


# -- the endpoint ------------------------------------------------------------------------------------------------------------


def _bodies() -> list[bytes]:
    rows = [[1.0, 2.0, None], [3.5, 4, 5]]
    named = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    bodies = [rows, rows[0], {"instances": rows}, {"instances": named}, named, [{"features": rows[0]}]]
    csv = ("1,2,\n3,4,nan\n", "header,angle_deg,distance_m\n1,2,3\n")
    return [b"\x00" + json.dumps(body).encode() for body in bodies] + [b"\x01" + text.encode() for text in csv]


def _body(data: bytes) -> None:
    """The first byte chooses the type."""
    kind = contract.CSV if data[:1] == b"\x01" else contract.JSON
    contract.answer_type(data[1:9].decode("latin-1") + ",*/*")
    rows = contract.decode(data[1:], kind, _NAMES)
    if rows.ndim != 2 or rows.shape[1] != len(_NAMES) or rows.dtype != np.float64:
        raise Finding(f"rows of shape {rows.shape}")
    contract.encode(rows[:, 0], kind, "m", "1", "0" * 64)


class _Transport(asyncio.Transport):
    """Takes what is written, and remembers whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = 0, False

    def write(self, data: Any) -> None:
        self.written += len(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class _App:
    """Answers every request with its body's length."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()

    def admit(self, connection: Connection) -> contract.Refused | None:
        return None

    def handle(self, request: Request) -> None:
        try:
            contract.body_type(request.headers.get(b"content-type", ""))
            request.answer(b"%d" % len(request.body))
        except contract.Refused as refused:
            request.refuse(refused)

    def count_refused(self, refused: contract.Refused) -> None:
        pass


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def _http(data: bytes) -> None:
    """A connection is handed the pieces one after the other."""

    async def serve() -> None:
        connection, transport = Connection(_App()), _Transport()
        connection.connection_made(transport)
        for piece in parted(data):
            if transport.closed:
                break
            connection.data_received(piece)
        connection.eof_received()
        connection.connection_lost(None)

    _loop().run_until_complete(serve())


def _requests() -> list[bytes]:
    body = b"[[1,2,3]]"
    post = (
        b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    )
    chunked = b"POST /invocations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    get = b"GET /ping HTTP/1.1\r\nhost: x\r\naccept: text/csv;q=0.5\r\n\r\n"
    return [joined([post, get]), joined([chunked]), joined([get + get + post]), joined([get[:20], get[20:]])]


def _mutated_body(rng: Random, data: bytes) -> bytes:
    return data[:1] + mutations.one(rng, data[1:])
