"""Changes to valid files that keep their form: one value, key, cell, attribute or column becomes what no file should have, or the
bytes are cut, flipped, doubled or packed. All of it follows from the random numbers handed in."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Callable
from random import Random
from typing import Any, Final

Files = dict[str, bytes]

#: what is put where a value was, in JSON
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2, 7, 255, 10**9, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e-320,
    1e15, 1e30, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), "", " ", "x", "NaN", "null", "-5", "3.7", "1e400",
    "home", "\x00", "\ud800", "é" * 40, "9" * 5000, "../../etc/passwd", "2024-13-45T99:99:99", "9999-12-31T23:59:59.999999",
    "0001-01-01T00:00:00", [], {}, [[]], [None], {"": {}}, [1, 2], {"id": 1}, "[bold]", "\x1b[2J",
)  # fmt: skip
#: and in text
WORDS: Final = (
    "", " ", "NaN", "nan", "inf", "-inf", "Infinity", "1e308", "-1e308", "1e400", "99999999999999999999", "-1", "0", "1", "2",
    "3", "7", "0.5", "1e15", "1e-320", "0x10", "1_000", "1,5", "١٢", "None", "null", "true", "x", "é", "9" * 5000, "-", "\x00",
    '"', "'", "\t", "2024-13-45", "9999-12-31T23:59:59", "0001-01-01T00:00:00", "../../x", "\U0001f600", "[red]", ";", ":",
)  # fmt: skip
#: of what is unpacked to be changed
MOST_BYTES: Final = 1 << 20
_ATTRIBUTE: Final = re.compile(rb'([\w:.-]+)="([^"]*)"')
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?")
_ENTITIES: Final = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
)


def mutated(rng: Random, files: Files, most: int = 3) -> Files:
    """``files`` with 1 to ``most`` changes; a file may be gone."""
    files = dict(files)
    for _ in range(rng.choice((1, 1, 1, 2, most))):
        if not files:
            break
        name = rng.choice(sorted(files))
        if rng.random() < 0.01:
            del files[name]
        elif rng.random() < 0.02:
            files[name] = files[rng.choice(sorted(files))]
        else:
            files[name] = one(rng, files[name])
    return files


def one(rng: Random, body: bytes) -> bytes:
    """One change to one file, inside where it is gzip."""
    if body[:2] == b"\x1f\x8b" and rng.random() < 0.9:
        try:
            inside = zlib.decompressobj(31).decompress(body, MOST_BYTES)
        except zlib.error:
            return _bytes(rng, body)
        return gzip.compress(one(rng, inside), 1)
    if rng.random() < 0.2:
        return _bytes(rng, body)
    try:
        return _form(body)(rng, body)
    except Exception:  # noqa: BLE001 (what was changed before may have no form any more: its bytes are changed then)
        return _bytes(rng, body)


def _form(body: bytes) -> Callable[[Random, bytes], bytes]:
    start = body.lstrip()[:1]
    if body[:4] == b"PAR1":
        return _parquet
    if start in (b"{", b"["):
        return _json
    if start == b"<":
        return _xml
    return _csv if b"," in body.split(b"\n", 1)[0] else _text


def _bytes(rng: Random, body: bytes) -> bytes:
    n = max(len(body), 1)
    at, to = sorted((rng.randrange(n), rng.randrange(n)))
    return rng.choice(
        (
            lambda: body[:at],
            lambda: b"",
            lambda: body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :],
            lambda: body[:at] + rng.randbytes(rng.choice((1, 4, 30))) + body[at:],
            lambda: body[:at] + body[to:],
            lambda: body[:to] + body[at:to] + body[to:],
            lambda: body + body,
            lambda: body + b"\x00\xff",
            lambda: b"\xef\xbb\xbf" + body,
            lambda: body.decode("utf-8", "replace").encode("utf-16"),
            lambda: body.decode("utf-8", "replace").encode("latin-1", "replace"),
            lambda: gzip.compress(body, 1),
            lambda: gzip.compress(body, 1)[: rng.randrange(n)],
            lambda: body.replace(b"\n", b"\r\n"),
            lambda: body.replace(b"\n", b"\r"),
            lambda: b"\n" * 3 + body,
            lambda: rng.randbytes(rng.choice((1, 10, 300))),
        )
    )()


# -- JSON ----------------------------------------------------------------------------------------------------------------


def _json(rng: Random, body: bytes) -> bytes:
    text = body.decode("utf-8-sig")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        lines = text.splitlines()
        at = rng.randrange(len(lines))
        if rng.random() < 0.2:
            lines[at] = rng.choice(
                ("", "{}", "null", lines[rng.randrange(len(lines))], lines[at][: rng.randrange(len(lines[at]) + 1)])
            )
        else:
            lines[at] = json.dumps(changed(rng, json.loads(lines[at])))
        return "\n".join(lines).encode("utf-8", "surrogatepass")
    return json.dumps(changed(rng, value), ensure_ascii=rng.random() < 0.8).encode("utf-8", "surrogatepass")


def changed(rng: Random, value: Any) -> Any:
    """``value`` with one change somewhere inside."""
    holders: list[tuple[Any, Any]] = []
    waiting: list[Any] = [value]
    while waiting:
        at = waiting.pop()
        for key in list(at) if isinstance(at, dict) else range(len(at)):
            holders.append((at, key))
            if isinstance(at[key], (dict, list)):
                waiting.append(at[key])
    if not holders or rng.random() < 0.03:
        return rng.choice(VALUES)
    at, key = holders[rng.randrange(len(holders))]
    how = rng.random()
    if how < 0.55:
        at[key] = rng.choice(VALUES)
    elif how < 0.7:
        del at[key]
    elif how < 0.8:
        other, name = holders[rng.randrange(len(holders))]
        at[key] = json.loads(json.dumps(other.get(name) if isinstance(other, dict) else other[name] if name < len(other) else None))
    elif how < 0.85:
        at[key] = [at[key]]
    elif how < 0.9:
        deep: Any = at[key]
        for _ in range(rng.choice((3, 60, 400))):
            deep = rng.choice(([deep], {"x": deep}))
        at[key] = deep
    elif isinstance(at, dict):
        at[rng.choice((*map(str, range(4)), *list(at)))] = at.pop(key)
    else:
        at.insert(rng.randrange(len(at) + 1), at[key])
    return value


# -- tables and text -----------------------------------------------------------------------------------------------------


def _csv(rng: Random, body: bytes) -> bytes:
    rows = [line.split(",") for line in body.decode("utf-8-sig").split("\n")]
    row = rows[rng.randrange(len(rows))]
    at = rng.randrange(len(row))
    how = rng.random()
    if how < 0.5:
        row[at] = rng.choice(WORDS)
    elif how < 0.6:
        for one_row in rows:
            del one_row[at : at + 1]
    elif how < 0.65:
        rows[0][at % len(rows[0])] = rng.choice((*WORDS, *rows[0]))
    elif how < 0.7:
        for one_row in rows[1:]:
            one_row[at : at + 1] = [rng.choice(WORDS)] if len(one_row) > at else []
    elif how < 0.78:
        rows.insert(rng.randrange(len(rows)), list(row))
    elif how < 0.84:
        rows.remove(row)
    elif how < 0.88:
        rng.shuffle(rows)
    elif how < 0.92:
        row.extend(["1"] * rng.choice((1, 3, 40)))
    elif how < 0.96:
        del row[at:]
    else:
        return "\n".join(";".join(one_row) for one_row in rows).encode()
    return "\n".join(",".join(one_row) for one_row in rows).encode("utf-8", "surrogatepass")


def _text(rng: Random, body: bytes) -> bytes:
    """A number becomes another word."""
    found = list(_NUMBER.finditer(body))
    if not found:
        return _bytes(rng, body)
    at = rng.choice(found)
    return body[: at.start()] + rng.choice(WORDS).encode() + body[at.end() :]


def _xml(rng: Random, body: bytes) -> bytes:
    how = rng.random()
    attributes = list(_ATTRIBUTE.finditer(body))
    if how < 0.6 and attributes:
        at = rng.choice(attributes)
        if rng.random() < 0.2:
            return body[: at.start()] + body[at.end() :]
        word = (
            rng.choice((*WORDS, rng.choice(attributes)[2].decode())).replace('"', "&quot;").replace("<", "&lt;").replace("\x00", "")
        )
        return body[: at.start(2)] + word.encode() + body[at.end(2) :]
    tags = [m.start() for m in re.finditer(rb"<", body)]
    a, b = sorted((rng.choice(tags), rng.choice(tags)))
    if how < 0.7:
        return body[:a] + body[b:]
    if how < 0.8:
        return body[:b] + body[a:b] + body[b:]
    if how < 0.86:
        deep = rng.choice((10, 300, 3000))
        return body[:a] + b"<x>" * deep + b"</x>" * deep + body[a:]
    if how < 0.92:
        return _ENTITIES + body
    if how < 0.95:
        return body[:a] + b"&c;&a;" + body[a:]
    names = re.findall(rb"<([\w:.-]+)", body)
    name = rng.choice(names)
    return body.replace(name, rng.choice(names), rng.choice((1, -1)))


def _parquet(rng: Random, body: bytes) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(body))
    name = rng.choice(table.column_names)
    at, column = table.column_names.index(name), table.column(name)
    cells = column.to_pylist()

    def of(values: list[Any]) -> Any:
        try:
            return table.set_column(at, name, pa.array(values, column.type))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return table.set_column(
                at, name, pa.array([None if v is None else str(v)[:100].encode("utf-8", "replace").decode() for v in values])
            )

    how = rng.random()
    if how < 0.5 and cells:
        row = rng.randrange(len(cells))
        cells[row] = rng.choice((*VALUES, *cells))
        table = of(cells)
    elif how < 0.6:
        table = table.drop_columns([name])
    elif how < 0.65:
        table = of([None] * len(cells))
    elif how < 0.7:
        table = of([rng.choice(VALUES)] * len(cells))
    elif how < 0.75:
        table = table.set_column(at, name, pa.array([[v] for v in cells]))
    elif how < 0.8:
        table = table.slice(0, rng.choice((0, 0, 1, len(cells) // 2)))
    elif how < 0.85:
        order = list(range(len(cells)))
        rng.shuffle(order)
        table = table.take(order)
    elif how < 0.9:
        table = table.rename_columns([rng.choice(table.column_names) if n == name else n for n in table.column_names])
    elif how < 0.95:
        table = pa.concat_tables([table, table])
    else:
        table = table.set_column(
            at, name, pa.array([float(v) if isinstance(v, (int, float)) else None for v in cells], pa.float64())
        )
    out = io.BytesIO()
    pq.write_table(table, out, compression=rng.choice(("none", "snappy", "zstd", "gzip")))
    return out.getvalue()
