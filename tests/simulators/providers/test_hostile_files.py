"""Broken and hostile files of every provider: one sentence that names the file, within the limits, and nothing half-written."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulators.providers import read
from simulators.providers._f1_positions import unpacked
from simulators.providers._limits import SETTING, limited
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.recordings.reader import Writer
from tests.fuzz.files import GAMES, folder_of, game, written
from tests.fuzz.mutations import Files, mutated
from tests.waiting import contention

#: changed files of every kind; thousands are set by the environment
CHANGED = int(os.environ.get("TOUCHLINE_MUTATIONS", "40"))
LONGEST_S = 5.0


def refusal(kind: str, files: Files, folder: Path) -> str:
    """The sentence with which the files are refused; "" when they are read, and written as a recording."""
    paths, sentence = written(files, folder / folder_of(kind)), ""
    began = time.monotonic()
    try:
        imported = read(GAMES[kind][0], paths)
        with Writer(folder / "rec", imported.record, overwrite=True) as writer:
            for record in imported.stream():
                writer.write(record)
    except BadInput as error:
        sentence = str(error)
    took_s = time.monotonic() - began
    assert took_s < LONGEST_S or took_s < LONGEST_S * contention()
    if sentence:
        assert any(path.name in sentence for path in paths), sentence
        assert "\n" not in sentence
        assert len(sentence) <= 1000
        assert not (folder / "rec").exists()
    return sentence


def changed(kind: str, name: str, change: Callable[[bytes], bytes]) -> Files:
    return game(kind) | {name: change(game(kind)[name])}


@pytest.mark.slow
@pytest.mark.parametrize("kind", GAMES)
def test_files_changed_at_random_are_read_or_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    for number in range(CHANGED):
        files = mutated(Random(f"{kind}-{number}"), game(kind))
        folder = tmp_path / str(number)
        folder.mkdir()
        if files:
            refusal(kind, files, folder)


# -- where it is ---------------------------------------------------------------------------------------------------------


def _json(where: str, value: object) -> Callable[[bytes], bytes]:
    """The value at ``where`` ("a.0.b") is another; without a value it is gone."""

    def change(body: bytes) -> bytes:
        whole = json.loads(body)
        *path, last = [int(word) if word.lstrip("-").isdigit() else word for word in where.split(".")]
        inside = whole
        for word in path:
            inside = inside[word]
        if value is Ellipsis:
            del inside[last]
        else:
            inside[last] = value
        return json.dumps(whole).encode()

    return change


PLACES: list[tuple[str, str, Callable[[bytes], bytes], tuple[str, ...]]] = [
    ("metrica", "Small_RawEventsData.csv", lambda b: b.replace(b"2.04,53", b"two,53"), ("'two'", "Start Time [s]", "line 6")),
    ("metrica", "Small_RawEventsData.csv", lambda b: b.replace(b"Start Time", b"Time"), ("no column Start Time [s]",)),
    ("tracab", "players.csv", lambda b: b.replace(b"away\n", b"north\n"), ("'north'", "team", "line 3")),
    ("tracab-dat", "game.dat", lambda b: b.replace(b"1002:", b"x:", 1), ("line 3",)),
    ("wyscout-json", "matches_X.json", _json("0.teamsData", {"a": {"side": "home"}}), ("match", "cannot be read")),
    ("wyscout-json", "teams.json", _json("1.wyId", "twelve"), ("teams.json, [1], at wyId, which is 'twelve'", "ValueError")),
    (
        "skillcorner-open",
        "77_match.json",
        _json("match_periods.0.period", [1]),
        ("match_periods[0], at period", "a list of 1", "TypeError"),
    ),
    (
        "skillcorner-open",
        "77_match.json",
        _json("match_periods.1.end_frame", float("inf")),
        ("match_periods[1]", "end_frame", "inf"),
    ),
    ("f1-livetiming", "s_live.jsonl", lambda b: b[: len(b) // 2][::-1], ("lines cannot be read",)),
    ("sportec", "X_events.xml", lambda b: b.replace(b'EventTime="2022', b'EventTime="22', 1), ("EventTime",)),
    ("sportec", "X_matchinformation.xml", lambda b: b[:-9], ("cut short or no XML", "line 1")),
    ("sportec", "X_positions.xml.gz", lambda b: b[:-30], ("cut short or damaged: it is gzip",)),
    ("zxy", "samples.parquet", lambda b: b[:-20], ("cannot be read as Parquet",)),
    ("zxy", "samples.parquet", lambda b: b"", ("samples.parquet",)),
    ("kloppy-statsbomb", "7_events.json", lambda b: b[:-5], ("7_events.json", "kloppy cannot read")),
]


@pytest.mark.parametrize(("kind", "name", "change", "words"), PLACES)
def test_a_refusal_names_file_line_and_field(
    kind: str, name: str, change: Callable[[bytes], bytes], words: tuple[str, ...], tmp_path: Path
) -> None:
    sentence = refusal(kind, changed(kind, name, change), tmp_path)
    assert name in sentence
    for word in words:
        assert word in sentence


def test_a_fault_of_our_own_outside_reading_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(Writer, "write", broken)
    files = written(game("metrica"), tmp_path / "files")
    with pytest.raises(KeyError, match="ours"):
        run(["import", "metrica", *map(str, files), "--out", str(tmp_path / "REC")])
    assert not (tmp_path / "REC").exists()


def test_the_command_ends_with_2_one_line_and_no_recording(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = written(changed("wyscout-json", "teams.json", _json("1.wyId", "twelve")), tmp_path / "files")
    assert run(["import", "wyscout", *map(str, files), "--out", str(tmp_path / "REC")]) == 2
    err = capfd.readouterr().err
    assert err.startswith("touchline: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "REC").exists()


def test_kloppys_own_log_is_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = changed(
        "kloppy-tracking", "X_positions.xml.gz", lambda b: gzip.compress(gzip.decompress(b).replace(b'N="10001" ', b"", 1))
    )
    refusal("kloppy-tracking", files, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_the_id_of_a_game_is_no_path_out_of_the_folder(tmp_path: Path) -> None:
    def other(body: bytes) -> bytes:
        whole = json.loads(body)
        for event in [dict(event) for event in whole]:
            whole.append(event | {"matchId": "../../gone"})
        return json.dumps(whole).encode()

    files = written(changed("wyscout-json", "events_X.json", other), tmp_path / "files")
    assert run(["import", "wyscout", *map(str, files), "--out", str(tmp_path / "a" / "b" / "REC")]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "files"]
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["REC"]


# -- numbers ------------------------------------------------------------------------------------------------------------


def _laps(lap: int) -> Callable[[bytes], bytes]:
    """The number of the last rows of telemetry."""

    def change(body: bytes) -> bytes:
        table = pq.read_table(io.BytesIO(body))
        column = [*table["lap"].to_pylist()[:-2], lap, lap]
        return _parquet(table.set_column(table.column_names.index("lap"), "lap", pa.array(column, pa.int64())))

    return change


@pytest.mark.parametrize(
    ("kind", "name", "change", "words"),
    [
        ("f1-replay", "two-cars.json", _json("cars.0.samples.-1.t", 1e9), "no game is longer than 24 h"),
        ("tracinginsights", "laps.csv", lambda body: body.replace(b"BBB,59.000", b"BBB,1e9"), "no game is longer than 24 h"),
        ("tracinginsights-practice", "telemetry.parquet", _laps(10**9), "where the number of a lap belongs"),
        ("f1-livetiming", "s_live.jsonl", lambda body: body.replace(b"2024", b"9024"), "after 2200"),
        ("metrica", "Small_RawEventsData.csv", lambda body: body.replace(b"2.04,53", b"1e300,53"), "1e+300 s after the start"),
        ("wyscout-json", "events_X.json", _json("0.eventSec", 1e9), "cannot be read"),
    ],
)  # fmt: skip
def test_absurd_numbers_are_refused_and_take_no_time(
    kind: str, name: str, change: Callable[[bytes], bytes], words: str, tmp_path: Path
) -> None:
    assert words in refusal(kind, changed(kind, name, change), tmp_path)


# -- bombs ---------------------------------------------------------------------------------------------------------------


def _gzip_of(piece: bytes, times: int) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as file:
        for _ in range(times):
            file.write(piece)
    return out.getvalue()


def test_gzip_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path: Path) -> None:
    bomb = _gzip_of(b"\x00" * (1 << 20), 40)  # 40 kB that would be 40 MB
    sentence = refusal("metrica", {"Small_RawEventsData.csv": bomb}, tmp_path)
    assert "unpacks to more than 200 times its size" in sentence


@pytest.mark.parametrize("form", ["[" * 9 + "\n", "1,", "<a/>", "{}"])
def test_more_values_than_the_limit_are_refused_before_they_are_parsed(form: str, tmp_path: Path) -> None:
    name = {"<": "X_events.xml", "1": "Small_RawEventsData.csv"}.get(form[0], "two-cars.json")
    kind = {"X": "sportec", "S": "metrica", "t": "f1-replay"}[name[0]]
    with limited(1):
        assert "values; " in refusal(kind, game(kind) | {name: form.encode() * 60_000}, tmp_path)


def test_the_limit_is_set_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = changed("metrica", "Small_RawEventsData.csv", lambda b: b + b" " * (2 << 20))
    monkeypatch.setenv(SETTING, "1")
    assert f"more than 1 MB unpacked; {SETTING} sets" in refusal("metrica", files, tmp_path)
    monkeypatch.setenv(SETTING, "much")
    assert "'much'" in refusal("metrica", game("metrica"), tmp_path)


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"BZh9", b"\xfd7zXZ\x00", b"(\xb5/\xfd"])
def test_other_packing_is_named(magic: bytes, tmp_path: Path) -> None:
    sentence = refusal("metrica", {"Small_RawEventsData.csv": magic + b"\x00" * 20}, tmp_path)
    assert "is packed as" in sentence
    assert "unpack it first" in sentence


def test_a_zip_with_names_out_of_its_folder_is_not_opened(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("../../gone.csv", "x")
    assert "packed as zip" in refusal("sportec", game("sportec") | {"X_events.xml": out.getvalue()}, tmp_path)
    assert not list(tmp_path.parent.glob("**/gone.csv"))


def _parquet(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def _repeated(rows: int, word: str) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([word]))


@pytest.mark.parametrize(
    "table",
    [
        pa.table(
            {"utc": _repeated(20_000, "2020-01-01"), "sensor_id": _repeated(20_000, "x" * 10_000), "x": _repeated(20_000, "1")}
        ),
        pa.table({name: pa.array([0.0] * 200_000) for name in ("utc", "sensor_id", "x", "y")}),
        pa.table({"utc": pa.array(["0" * (6 << 20)])}),
    ],
    ids=["a word repeated", "rows of one value", "one cell"],
)
def test_parquet_that_unfolds_to_more_than_the_limit_is_refused(table: pa.Table, tmp_path: Path) -> None:
    body = _parquet(table, compression="zstd")
    assert len(body) < 40_000
    with limited(4):
        assert "more than 4 MB unpacked" in refusal("zxy", {"samples.parquet": body}, tmp_path)


def test_a_footer_that_understates_its_pages_is_not_believed(tmp_path: Path) -> None:
    """The headers of the pages are counted: what the footer says of unpacked sizes does not matter."""
    whole = pa.table({"utc": pa.array(["0" * (6 << 20)])})
    body = _parquet(whole, compression="zstd", use_dictionary=False, write_statistics=False)
    stated = pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).total_uncompressed_size
    short = body.replace(_varint(2 * stated), _varint(2 * (stated - stated + (1 << 21) + 7)))  # as many bytes, a smaller number
    assert pq.ParquetFile(io.BytesIO(short)).metadata.row_group(0).column(0).total_uncompressed_size < 3 << 20
    with limited(4):
        assert "more than 4 MB unpacked" in refusal("zxy", {"samples.parquet": short}, tmp_path)


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def test_a_message_of_live_timing_unpacks_to_no_more_than_a_message_may() -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(squeeze.compress(b" " * (1 << 20)) for _ in range(8)) + squeeze.flush()
    with pytest.raises(ValueError, match="more than any message"):
        unpacked(base64.b64encode(bomb).decode())


# -- XML -----------------------------------------------------------------------------------------------------------------

_LAUGHS = '<!DOCTYPE a [<!ENTITY a "{}">{}]>'.format(
    "a" * 100, "".join(f'<!ENTITY {name} "{f"&{before};" * 50}">' for before, name in zip("abcdefg", "bcdefgh", strict=True))
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "types", [_LAUGHS, '<!DOCTYPE a SYSTEM "file:///etc/passwd">', '<!DOCTYPE a [<!ENTITY x SYSTEM "http://[::1]/x">]>']
)
@pytest.mark.parametrize(
    ("kind", "name"), [("sportec", "X_events.xml"), ("sportec", "X_positions.xml"), ("kloppy-sportec", "X_events.xml")]
)
def test_document_types_are_refused(kind: str, name: str, types: str, encoding: str, tmp_path: Path) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    before = game(kind)
    whole = before.get(name) or gzip.decompress(before[f"{name}.gz"])
    files = {one: body for one, body in before.items() if not one.startswith(name)}
    files[name] = f"{declared}{types}{whole.decode()}".encode(encoding)
    assert "has a document type" in refusal(kind, files, tmp_path)


def test_deep_nesting_of_xml_is_read_as_what_it_holds(tmp_path: Path) -> None:
    deep = b"<x>" * 50_000 + b"</x>" * 50_000
    files = changed("sportec", "X_events.xml", lambda body: body.replace(b"<Event ", deep + b"<Event ", 1))
    assert refusal("sportec", files, tmp_path) == ""


def test_deep_nesting_of_json_is_refused(tmp_path: Path) -> None:
    nested = b"[" * 5_000 + b"]" * 5_000
    assert "is not JSON that can be read" in refusal("f1-replay", {"two-cars.json": b'{"cars": ' + nested + b"}"}, tmp_path)


def test_a_line_that_is_nested_too_deeply_is_one_that_cannot_be_read(tmp_path: Path) -> None:
    nested = b"[" * 5_000 + b"]" * 5_000
    files = changed("f1-livetiming", "s_live.jsonl", lambda body: body + b"\n[" + nested + b"]")
    assert refusal("f1-livetiming", files, tmp_path) == ""
