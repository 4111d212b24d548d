"""The formats of requests and responses: rows in JSON or CSV, predictions in JSON or CSV, one sentence for each error.

JSON is a list of rows, one flat row, or ``{"instances": rows}``; a row is a list in the order of the model's features, an object
``{feature: value}`` in which an absent feature is missing, or SageMaker's ``{"features": [...]}``. ``null`` is a missing value. CSV
has a row per line, an empty cell or ``nan`` for a missing value, and may begin with the names of the features in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from models.base import Floats

JSON: Final = "application/json"
CSV: Final = "text/csv"
MOST_ROWS: Final = 10_000
MOST_BODY_BYTES: Final = 1 << 20

#: reason of a refusal -> status; the reasons are the labels of the metrics
STATUS: Final = {
    "malformed request": 400, "malformed body": 400, "no rows": 400, "wrong column count": 400, "unknown feature": 400,
    "infinite value": 400, "absurd value": 400, "no model named": 400, "bad deadline": 400, "bad model": 400,
    "not allowed": 401, "forbidden folder": 403, "missing scope": 403, "wrong origin": 403,
    "unknown model": 404, "unknown path": 404, "method not allowed": 405, "not acceptable": 406, "too slow": 408,
    "already loaded": 409, "body too large": 413, "too many rows": 413, "unsupported media type": 415, "wrong host": 421,
    "too many requests": 429, "head too large": 431,
    "model failed": 500, "model unavailable": 503, "queue full": 503, "too many connections": 503, "draining": 503,
    "deadline passed": 504, "no room": 507,
}  # fmt: skip


#: header of an answer to a request that may succeed a second later
RETRY: Final = b"retry-after: 1\r\n"


class Refused(Exception):
    """A request without a prediction: a reason among ``STATUS``, and a sentence."""

    def __init__(self, reason: str, message: str, headers: bytes = b"") -> None:
        super().__init__(message)
        self.reason, self.headers, self.status = reason, headers, STATUS[reason]

    def body(self) -> bytes:
        return msgspec.json.encode({"error": {"reason": self.reason, "message": str(self)}})


_Cell = float | None
_Row = list[_Cell] | dict[str, _Cell | list[_Cell]] | _Cell


class _Instances(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[_Row]


_decode_json = msgspec.json.Decoder(list[_Row] | _Instances).decode
encode_json = msgspec.json.Encoder().encode


def media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def body_type(header: str) -> str:
    """JSON or CSV; JSON where the request has no content type."""
    media = media_type(header)
    if media in (JSON, ""):
        return JSON
    if media == CSV:
        return CSV
    raise Refused("unsupported media type", f"the body is {media[:80]!r}; {JSON} and {CSV} are accepted")


def answer_type(header: str) -> str:
    """The first of the acceptable types of highest weight that the endpoint has; JSON when the client accepts any."""
    if header in ("", "*/*", JSON):
        return JSON
    best, chosen = 0.0, ""
    for part in header.split(","):
        media, *parameters = (p.strip().lower() for p in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        kind = JSON if media in (JSON, "*/*", "application/*") else CSV if media in (CSV, "text/*") else ""
        if kind and weight > best:
            best, chosen = weight, kind
    if not chosen:
        raise Refused("not acceptable", f"{header[:80]!r} is not available: {JSON} and {CSV} are")
    return chosen


def decode(body: bytes | bytearray, kind: str, names: Sequence[str]) -> Floats:
    """(B, F) float64 with NaN for missing; ``Refused`` where the body is not such rows."""
    return _from_csv(body, names) if kind == CSV else _from_json(body, names)


def _bound(rows: int) -> None:
    if rows > MOST_ROWS:
        raise Refused("too many rows", f"{rows:,} rows in one request: at most {MOST_ROWS:,} are accepted")


def _from_json(body: bytes | bytearray, names: Sequence[str]) -> Floats:
    try:
        decoded = _decode_json(body)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Refused("malformed body", f"the body is not rows in JSON: {str(error)[:200]}") from None
    items = decoded if isinstance(decoded, list) else decoded.instances
    if not items:
        raise Refused("no rows", "the request has no rows")
    if not isinstance(items[0], (list, dict)):
        if any(isinstance(item, (list, dict)) for item in items):
            raise Refused("malformed body", "the body mixes values and rows: it is one flat row, or a list of rows")
        return _array([items], names)
    _bound(len(items))
    return _array([_row(item, i, names) for i, item in enumerate(items)], names)


def _row(item: _Row, i: int, names: Sequence[str]) -> list[_Cell]:
    if isinstance(item, dict):
        features = item.get("features")
        if len(item) == 1 and isinstance(features, list):
            return features
        unknown = [name for name, value in item.items() if name not in names or isinstance(value, list)]
        if unknown:
            raise Refused("unknown feature", f"row {i} names {unknown[0][:80]!r}, which is no number or no feature of this model")
        return [item.get(name) for name in names]  # type: ignore[misc]
    if not isinstance(item, list):
        raise Refused("malformed body", f"row {i} is not a row")
    return item


def _from_csv(body: bytes | bytearray, names: Sequence[str]) -> Floats:
    try:
        lines = body.decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise Refused("malformed body", "the body is not CSV in ASCII") from None
    if not lines or lines == [""]:
        raise Refused("no rows", "the request has no rows")
    order = _header(lines[0], names)
    if order is not None:
        lines = lines[1:]
        if not lines:
            raise Refused("no rows", "the request has a header and no rows")
    _bound(len(lines))
    rows = _array([_cells(line, i) for i, line in enumerate(lines)], names)
    return rows if order is None else np.ascontiguousarray(rows[:, order])


def _header(line: str, names: Sequence[str]) -> list[int] | None:
    """Where each feature stands, when the line is a header; None when it is a row."""
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    if not any(cell in names for cell in cells):
        return None
    if sorted(cells) != sorted(names):
        raise Refused("unknown feature", f"the header does not name the {len(names)} features of this model")
    return [cells.index(name) for name in names]


def _cells(line: str, i: int) -> list[_Cell]:
    out: list[_Cell] = []
    for cell in line.split(","):
        text = cell.strip()
        if not text:
            out.append(None)
            continue
        try:
            if "_" in text:
                raise ValueError
            out.append(float(text))
        except ValueError:
            raise Refused("malformed body", f"row {i} has {text[:40]!r}, which is not a number") from None
    return out


def _array(rows: list[list[_Cell]], names: Sequence[str]) -> Floats:
    wanted = len(names)
    for i, row in enumerate(rows):
        if len(row) != wanted:
            raise Refused("wrong column count", f"row {i} has {len(row)} values: this model takes {wanted}")
    return np.array(rows, np.float64)


def encode(values: Floats, kind: str, name: str, version: str, digest: str) -> bytes:
    """The body of a response with values (B,) or (B, C); NaN is ``null``, in CSV an empty cell."""
    if kind == JSON:
        return encode_json({"predictions": values.tolist(), "model": name, "version": version, "digest": digest})
    lines = values.reshape(len(values), -1).tolist()
    return "".join(",".join("" if v != v else repr(v) for v in line) + "\n" for line in lines).encode()
