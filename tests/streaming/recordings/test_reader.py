"""A recording gives back what was written, from any minute, and never what was damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming.errors import BadInput, Unavailable
from streaming.recordings import writer as recorder
from streaming.recordings.parquet_parts import Part
from streaming.recordings.reader import Recording, Writer
from streaming.wire.blocks import DeadLetter, FrameBlock, Prediction, StatBlock
from streaming.wire.records import Event, Feed, GameRecord, Period, Team, Telemetry, decode_telemetry, encode_telemetry

T0 = 1_700_000_000_000_000
GAME = GameRecord(
    game="g1",
    sport="toy",
    t0_us=T0,
    teams=(Team(id="h", name="Home"), Team(id="a", name="Away")),
    entities=[],
    tags=[],
    feeds=[Feed(name="tracking", kind="telemetry", rate_hz=25.0)],
    periods=[Period(number=1, start_us=T0)],
)


def frame(i: int, n: int = 5, feed: str = "tracking", **channels: float) -> Telemetry:
    """Frame ``i`` of ``n`` tags, arrived 30 ms later."""
    t_us = T0 + i * 40_000
    x = np.arange(n, dtype=np.float32) + i
    values = {name: np.full(n, value, np.float32) for name, value in channels.items()}
    return Telemetry(
        "g1",
        feed,
        np.full(n, t_us),
        np.arange(n, dtype=np.uint32),
        x,
        -x,
        np.full(n, np.nan, np.float32),
        t_us + 30_000,
        channels=values,
    )


def event(i: int, **fields: object) -> Event:
    t_us = T0 + i * 40_000
    return Event(id=f"e{i}", game="g1", type="pass", t_us=t_us, arrival_us=t_us + 1_000_000, **fields)  # type: ignore[arg-type]


def samples(records: list[Telemetry | Event]) -> list[tuple[object, ...]]:
    """Every sample and event, one by one, in order: what must not depend on how packets are cut."""
    rows: list[tuple[object, ...]] = []
    for record in records:
        if isinstance(record, Event):
            rows.append(("event", record))
            continue
        arrival = np.broadcast_to(record.arrival_us, len(record))
        for k in range(len(record)):
            values = [float(column[k]) for column in (record.x_m, record.y_m, record.z_m)]
            channels = tuple(sorted((name, str(float(c[k]))) for name, c in record.channels.items()))
            rows.append((record.feed, int(record.t_us[k]), int(record.tag[k]), str(values), int(arrival[k]), channels))
    return rows


def record_game(path: Path, frames: int = 100, every: int = 7) -> list[Telemetry | Event]:
    """Write a small game; what was written, in order of arrival."""
    stream: list[Telemetry | Event] = [frame(i, in_play=1.0) for i in range(frames)]
    stream += [event(i, team="h", x_m=1.5, attrs={"a": 1.0, "b": "x", "c": True}) for i in range(0, frames, every)]
    stream.sort(key=lambda r: (r.arrival_us, isinstance(r, Event)))
    with Writer(path, GAME) as writer:
        for record in stream:
            writer.write(record)
    return stream


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of 64 samples, so that a small game has many."""
    monkeypatch.setattr(recorder, "GROUP_ROWS", 64)


@pytest.mark.parametrize("packets", ["packed", "arrival"])
def test_recording_gives_back_the_records_that_were_written(tmp_path: Path, small_groups: None, packets: str) -> None:
    written = record_game(tmp_path / "rec")
    recording = Recording(tmp_path / "rec")
    assert recording.game == GAME
    assert (recording.samples, recording.events) == (500, 15)
    read = list(recording.records(packets=packets))  # type: ignore[arg-type]
    assert samples(read) == samples(written)


def test_packets_by_arrival_are_the_live_ones(tmp_path: Path) -> None:
    written = record_game(tmp_path / "rec", frames=20)
    read = list(Recording(tmp_path / "rec").records(packets="arrival"))
    assert len(read) == len(written)
    for got, was in zip(read, written, strict=True):
        if isinstance(was, Telemetry):
            assert isinstance(got, Telemetry)
            assert encode_telemetry(got) == encode_telemetry(was)
        else:
            assert got == was


@pytest.mark.parametrize("size", [1, 3, 64, 1000])
def test_packets_hold_at_most_max_samples(tmp_path: Path, small_groups: None, size: int) -> None:
    written = record_game(tmp_path / "rec")
    read = list(Recording(tmp_path / "rec").records(max_samples=size))
    assert max(len(r) for r in read if isinstance(r, Telemetry)) <= size
    assert samples(read) == samples(written)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(-1_000_000, 6_000_000))
def test_records_from_any_instant_are_the_tail_of_the_whole(shared: Recording, at: int) -> None:
    whole = samples(list(shared.records()))
    arrived = [row[1].arrival_us if row[0] == "event" else row[4] for row in whole]  # type: ignore[attr-defined]
    tail = [row for row, arrival in zip(whole, arrived, strict=True) if arrival >= T0 + at]  # type: ignore[operator]
    assert samples(list(shared.records(from_us=T0 + at))) == tail


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """One recording of many row groups for read-only tests."""
    path = tmp_path_factory.mktemp("shared") / "rec"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "GROUP_ROWS", 64)
        record_game(path, frames=110)
    return Recording(path)


def test_late_start_reads_only_the_row_groups_at_the_end(shared: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    read_row_group = pq.ParquetFile.read_row_group

    def counted(file: pq.ParquetFile, index: int, **options: object) -> object:
        read.append(index)
        return read_row_group(file, index, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    packets = [record for record in shared.records(packets="arrival") if isinstance(record, Telemetry)]
    groups = len(read)
    read.clear()
    list(shared.records(from_us=int(np.max(packets[-1].arrival_us)) - 300_000))
    assert 0 < len(read) < groups / 3


def test_feeds_and_channel_sets_are_not_mixed_in_a_packet(tmp_path: Path, small_groups: None) -> None:
    written: list[Telemetry | Event] = []
    for i in range(60):
        written.append(frame(i, 3, "players", speed=float(i)))
        written.append(frame(i, 1, "ball", in_play=np.nan))
        if i > 30:
            written.append(frame(i, 2, "extra"))
    with Writer(tmp_path / "rec", GAME) as writer:
        for packet in written:
            writer.write(packet)
    read = list(Recording(tmp_path / "rec").records())
    assert samples(read) == samples(written)
    assert {(r.feed, tuple(r.channels)) for r in read if isinstance(r, Telemetry)} == {
        ("players", ("speed",)),
        ("ball", ("in_play",)),
        ("extra", ()),
    }


def test_arrival_clock_that_went_back_keeps_order_and_stamps(tmp_path: Path, small_groups: None) -> None:
    written: list[Telemetry | Event] = [frame(i) for i in (*range(40), *range(20, 60))]
    with Writer(tmp_path / "rec", GAME) as writer:
        for packet in written:
            writer.write(packet)
    recording = Recording(tmp_path / "rec")
    assert samples(list(recording.records())) == samples(written)
    tail = samples(list(recording.records(from_us=T0 + 30 * 40_000 + 30_000)))
    assert tail == samples(written)[-len(tail) :]
    assert len(tail) == 5 * (10 + 40)


numbers = st.floats(allow_nan=False, allow_infinity=False)
attrs = st.dictionaries(st.text(max_size=8), st.text(max_size=8) | numbers | st.booleans(), max_size=5)


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Event,
            id=st.text(min_size=1, max_size=20),
            game=st.just("g1"),
            type=st.text(min_size=1, max_size=9),
            t_us=st.integers(-(1 << 62), 1 << 62),
            period=st.integers(0, 50),
            team=st.none() | st.text(max_size=5),
            player=st.none() | st.text(max_size=5),
            x_m=st.none() | numbers,
            y_m=st.none() | numbers,
            end_x_m=st.none() | numbers,
            end_y_m=st.none() | numbers,
            outcome=st.text(max_size=5),
            attrs=attrs,
            revision=st.integers(0, 1_000_000),
            deleted=st.booleans(),
            arrival_us=st.just(5),
        ),
        max_size=20,
    )
)
def test_events_are_read_back_with_every_field(tmp_path: Path, events: list[Event]) -> None:
    with Writer(tmp_path / "rec", GAME, overwrite=True) as writer:
        for one in events:
            writer.write(one)
    assert list(Recording(tmp_path / "rec").records()) == events


def test_event_with_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "rec", GAME)
    with pytest.raises(ValueError, match="not finite"):
        writer.write(event(0, attrs={"xg": float("nan")}))
    writer.abort()


def test_record_of_another_game_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not belong"), Writer(tmp_path / "rec", GAME) as writer:
        writer.write(msgspec.structs.replace(event(0), game="g2"))
    assert not any(tmp_path.iterdir())


def write_and_fail(writer: Writer, error: type[BaseException] | None) -> None:
    """A hundred frames, then ``error``."""
    with writer:
        for i in range(100):
            writer.write(frame(i))
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interrupted_recording_leaves_no_folder(tmp_path: Path, small_groups: None, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write_and_fail(Writer(tmp_path / "rec", GAME), error)
    assert not any(tmp_path.iterdir())


def test_existing_recording_is_replaced_only_on_request(tmp_path: Path) -> None:
    written = record_game(tmp_path / "rec", frames=5)
    with pytest.raises(BadInput, match="exists already"):
        Writer(tmp_path / "rec", GAME)
    assert samples(list(Recording(tmp_path / "rec").records())) == samples(written)
    with Writer(tmp_path / "rec", GAME, overwrite=True) as writer:
        writer.write(frame(1))
    assert Recording(tmp_path / "rec").samples == 5
    assert [path.name for path in tmp_path.iterdir()] == ["rec"]


def test_failing_disk_raises_one_sentence_and_leaves_no_folder(
    tmp_path: Path, small_groups: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(Unavailable, match="No space left"):
        write_and_fail(Writer(tmp_path / "rec", GAME), None)
    assert not any(tmp_path.iterdir())


def test_game_record_at_the_end_is_stored(tmp_path: Path) -> None:
    with Writer(tmp_path / "rec", GAME) as writer:
        writer.write(frame(0))
        writer.game = msgspec.structs.replace(GAME, title="full time")
    assert Recording(tmp_path / "rec").game.title == "full time"


def test_recording_without_records_is_valid(tmp_path: Path) -> None:
    Writer(tmp_path / "rec", GAME).close()
    recording = Recording(tmp_path / "rec")
    assert (recording.samples, recording.events, list(recording.records())) == (0, 0, [])


def test_outputs_of_an_operator_are_recorded(tmp_path: Path) -> None:
    block = StatBlock(
        stat="toy.player.speed",
        game="g1",
        sport="toy",
        unit="m/s",
        subjects=("p1", "p2"),
        end_us=np.array([T0, T0 + 1]),
        span_us=400_000,
        values=np.array([[1.0, np.nan], [2.0, 3.0]]),
        quality="final",
        ingress_us=np.array([T0, T0]),
    )
    with Writer(tmp_path / "rec", GAME) as writer:
        writer.write(DeadLetter("events.toy", "g1", "bad event", T0, b"{", "cut short"))
        prediction = Prediction(
            game="g1",
            stat="toy.shot.chance",
            event="e1",
            t_us=T0,
            model="chance",
            version="1",
            features=np.array([1.5, np.nan]),
            answer=np.array([0.25]),
            quality="final",
            took_us=3.0,
            subjects=("p1",),
        )
        dead_letter = DeadLetter("telemetry.toy", "g1", "teleport", T0, frame(3))
        writer.write_outputs([block, prediction, dead_letter, FrameBlock("g1", "toy", (), np.zeros(0), np.zeros(0))], T0 + 5)
    recording = Recording(tmp_path / "rec")
    dead = pq.ParquetFile(recording.files("dead")[0]).read().to_pylist()
    assert [(row["reason"], row["samples"]) for row in dead] == [("bad event", 1), ("teleport", 5)]
    assert len(decode_telemetry(dead[1]["payload"])) == 5
    (prediction,) = pq.ParquetFile(recording.files("predictions")[0]).read().to_pylist()
    assert (prediction["event"], prediction["answer"], str(prediction["features"])) == ("e1", [0.25], "[1.5, nan]")
    assert (prediction["took_us"], prediction["subjects"]) == (3.0, ["p1"])
    stats = pq.ParquetFile(recording.files("stats")[0]).read().to_pylist()
    assert [(row["subject"], row["value"]) for row in stats] == [("p1", 1.0), ("p2", None), ("p1", 2.0), ("p2", 3.0)]


# -- damage ------------------------------------------------------------------------------------------------------------


def read_all(path: Path) -> int:
    return sum(1 for _ in Recording(path).records())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 3), share=st.floats(0, 1, exclude_max=True))
def test_file_cut_short_is_always_refused(shared: Recording, tmp_path: Path, which: int, share: float) -> None:
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(shared.path, copy)
    path = sorted(p for p in copy.rglob("*") if p.is_file())[which]
    raw = path.read_bytes()
    path.write_bytes(raw[: min(int(len(raw) * share), len(raw.rstrip()) - 1)])
    with pytest.raises(BadInput) as caught:
        read_all(copy)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_flipped_bit_is_always_refused(shared: Recording, tmp_path: Path, share: float, bit: int) -> None:
    """Before a reader of Parquet sees it: a damaged footer can end the whole process."""
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(shared.path, copy)
    path = copy / "telemetry" / "part-00000.parquet"
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * share)] ^= 1 << bit
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=r"part-00000\.parquet is damaged"):
        read_all(copy)


def contents(file: str) -> bytes:
    """A list of parts with one of that name."""
    return msgspec.json.encode(recorder.Contents(1, [Part(file, 1, 0, 0, 1, 0, 0, 0)]))


def test_missing_part_is_named(shared: Recording, tmp_path: Path) -> None:
    shutil.copytree(shared.path, tmp_path / "copy")
    (tmp_path / "copy" / "telemetry" / "part-00000.parquet").unlink()
    with pytest.raises(BadInput, match=r"part-00000\.parquet is missing"):
        Recording(tmp_path / "copy")


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("game.json", b"{}", "is not a game record"),
        ("recording.json", b'{"format": 99, "parts": []}', "format 99"),
        ("recording.json", b'{"format":1,"parts":[{"file":"events/part-00000.parquet","rows":1}]}', "missing required field"),
        ("recording.json", contents("../x"), "no part"),
        ("recording.json", contents("events/../../x"), "no part"),
    ],
)
def test_wrong_description_is_refused(shared: Recording, tmp_path: Path, file: str, content: bytes, sentence: str) -> None:
    shutil.copytree(shared.path, tmp_path / "copy")
    (tmp_path / "copy" / file).write_bytes(content)
    with pytest.raises(BadInput, match=sentence):
        Recording(tmp_path / "copy")


def test_part_of_another_kind_is_refused(shared: Recording, tmp_path: Path) -> None:
    shutil.copytree(shared.path, tmp_path / "copy")
    folder = tmp_path / "copy"
    shutil.copy(folder / "events" / "part-00000.parquet", folder / "telemetry" / "part-00000.parquet")
    with pytest.raises(BadInput, match="is damaged"):
        Recording(folder)
    # and when the list of parts was changed along with it
    contents = msgspec.json.decode((folder / "recording.json").read_bytes(), type=recorder.Contents)
    part = Part.of(folder / "telemetry" / "part-00000.parquet", "telemetry/part-00000.parquet", 16, 0, 0)
    (folder / "recording.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(contents, parts=[part])))
    with pytest.raises(BadInput, match="it has no column feed"):
        Recording(folder)


def test_folder_without_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no recording at"):
        Recording(tmp_path / "nothing")
    with pytest.raises(BadInput, match=r"game\.json"):
        Recording(tmp_path)
