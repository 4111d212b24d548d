"""Raw blocks to packets: the same as numpy, however they are cut; what is malformed is counted and the stream goes on."""

from __future__ import annotations

import resource
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from streaming.errors import BadInput, BadRecord
from streaming.reducing.blocks import PLAN_PREFIX, PREFIX, Plan, PlannedChannel, decode_plan, encode_head, encode_plan
from streaming.reducing.receiving import RawRecorder, receive, replay
from streaming.reducing.reducer import Reducer
from streaming.wire.records import Telemetry, decode_telemetry, encode_telemetry

T0 = 1_700_000_000_000_000
RATES = {"slow": 10, "x_m": 50, "y_m": 50, "odd": 333, "fast": 20_000}
PLAN = Plan(game="g", feed="cars", t0_us=T0, channels=[PlannedChannel(name, rate) for name, rate in RATES.items()], sources=[3, 7])


def value(name: str, source: int, k: np.ndarray) -> np.ndarray:
    """Sample ``k`` of a channel: anything that differs everywhere."""
    phase = len(name) + source
    return (np.sin(0.37 * k + phase) * (10 + source) + 0.001 * k).astype(np.float32)


def block(source: int, start_us: int, length_us: int, sequence: int = 0) -> bytes:
    edges, stops = PLAN.edges(T0 + start_us), PLAN.edges(T0 + start_us + length_us)
    parts = [value(n, source, np.arange(a + 1, b + 1)) for n, a, b in zip(RATES, edges, stops, strict=True)]
    body = b"".join(part.tobytes() for part in parts)
    return encode_head(PLAN, source, T0 + start_us, length_us, sequence, len(body)) + body


def stream(seconds: float, lengths: list[int]) -> bytes:
    """Both sources in turn, in blocks of the given lengths (us) over and over."""
    out, at, i = [encode_plan(PLAN)], 0, 0
    while at < seconds * 1e6:
        length = lengths[i % len(lengths)]
        out += [block(source, at, length, i) for source in PLAN.sources]
        at, i = at + length, i + 1
    return b"".join(out)


def rows(packets: list[Telemetry]) -> dict[tuple[int, int], dict[str, float]]:
    found = {}
    for packet in packets:
        for i in range(len(packet)):
            columns = {name: float(column[i]) for name, column in packet.channels.items()}
            key = (int(packet.tag[i]), (int(packet.t_us[i]) - T0) // 1000)
            assert key not in found
            found[key] = columns | {"at.x": float(packet.x_m[i]), "at.y": float(packet.y_m[i])}
    return found


def run(data: bytes, pieces: list[int] | None = None, **options) -> tuple[dict, Reducer]:  # type: ignore[no-untyped-def,type-arg]
    reducer = Reducer(**options)
    packets, at, i = [], 0, 0
    while at < len(data):
        size = len(data) if pieces is None else pieces[i % len(pieces)]
        reducer.feed(data[at : at + size])
        packets += reducer.take(5)
        at, i = at + size, i + 1
    packets += reducer.finish(6)
    return rows(packets), reducer


def expected(seconds: float) -> dict[tuple[int, int], dict[str, float]]:
    found = {}
    for source in PLAN.sources:
        for window in range(int(seconds * 10)):
            columns: dict[str, float] = {}
            for name, rate in RATES.items():
                k = np.arange(0, int(seconds * rate) + 2)
                inside = k[(k * 1_000_000 > window * 100_000 * rate) & (k * 1_000_000 <= (window + 1) * 100_000 * rate)]
                v = value(name, source, inside)
                columns[name] = float(np.float32(v.astype(np.float64).mean()))
                columns[f"{name}.min"], columns[f"{name}.max"], columns[f"{name}.last"] = map(float, (v.min(), v.max(), v[-1]))
            columns |= {"at.x": columns["x_m.last"], "at.y": columns["y_m.last"]}
            found[source, (window + 1) * 100] = columns
    return found


def test_reduced_windows_equal_those_of_numpy() -> None:
    found, reducer = run(stream(1.0, [20_000]))
    wanted = expected(1.0)
    assert found.keys() == wanted.keys()
    for key, columns in wanted.items():
        for name, number in columns.items():
            assert found[key][name] == pytest.approx(number, rel=1e-6, abs=1e-6), (key, name)
            if "." in name:
                assert found[key][name] == number, "least, greatest and last are exact"
    assert {kind for kind, _ in reducer.counts} == {"accepted"}
    assert reducer.counts["accepted", "block"] == 100


LENGTHS = [[10_000], [7_000, 13_000, 30_000], [100_000], [250_000], [1_000, 333]]


@pytest.mark.parametrize(
    ("lengths", "pieces"), [([10_000], [1]), *((lengths, pieces) for lengths in LENGTHS for pieces in (None, [7, 40_000, 3]))]
)
def test_cuts_of_blocks_and_bytes_change_no_bit(lengths: list[int], pieces: list[int] | None) -> None:
    whole, _ = run(stream(1.0, [50_000]))
    found, _ = run(stream(1.0, lengths), pieces)
    for key, columns in whole.items():
        assert found[key] == columns


def test_packet_has_only_the_planned_columns_and_survives_encoding() -> None:
    reducer = Reducer(wanted=["fast", "odd.max", "nothing"])
    reducer.feed(stream(0.3, [100_000]))
    (packet,) = reducer.take(T0)
    assert list(packet.channels) == ["fast", "odd.max"]
    again = decode_telemetry(encode_telemetry(packet))
    assert again.channels["fast"].tolist() == packet.channels["fast"].tolist()
    assert packet.arrival_us == T0


def test_malformed_block_is_counted_with_its_reason() -> None:
    good = [block(3, k * 20_000, 20_000, k) for k in range(10)]
    bad = bytearray(good[2])
    bad[PREFIX.size + 8 : PREFIX.size + 12] = np.float32(np.nan).tobytes()
    strange = {
        "unknown source": encode_head(PLAN, 99, T0, 20_000, 0, 4) + b"\0" * 4,
        "wrong length": encode_head(PLAN, 3, T0 + 60_000, 20_000, 0, 400) + b"\0" * 400,
        "time out of range": encode_head(PLAN, 3, T0 - 5_000_000, 20_000, 0, 4) + b"\0" * 4,
        "unknown plan": encode_head(PLAN, 3, T0, 20_000, 0, 4)[:8]
        + b"\1\2\3\4"
        + encode_head(PLAN, 3, T0, 20_000, 0, 4)[12:]
        + b"\0" * 4,
        "oversized": encode_head(PLAN, 3, T0, 20_000, 0, 4)[:4] + b"\xff\xff\xff\x7f" + encode_head(PLAN, 3, T0, 20_000, 0, 4)[8:],
        "schema version": b"TB\x09" + encode_head(PLAN, 3, T0, 20_000, 0, 4)[3:],
        "bad plan": b"TP\x01\0\x02\0\0\0{}",
    }
    data = encode_plan(PLAN) + good[0] + b"noise between blocks, none of it ours" + good[1] + bytes(bad)
    # each by itself: of a stretch in which the boundary is lost only the first reason is counted
    data += encode_plan(PLAN).join(strange.values()) + b"".join(good[3:]) + good[4]
    found, reducer = run(data)
    for reason in (*strange, "not a block"):
        assert reducer.counts["quarantined", reason] == 1, reason
    assert reducer.counts["late", "late"] == 1, "the repeated block"
    assert reducer.counts["quarantined", "not a finite sample"] == 1
    assert reducer.counts["accepted", "block"] == 10
    plain, _ = run(encode_plan(PLAN) + b"".join(good))
    assert found[3, 200] == plain[3, 200]
    assert np.isfinite(list(found[3, 100].values())).all()


def test_hostile_bytes_never_stop_the_reducer() -> None:
    rng = np.random.default_rng(4)
    data = bytearray(stream(0.5, [20_000]))
    for _ in range(300):
        broken = bytearray(data)
        for at in rng.integers(0, len(broken), 20):
            broken[at] = int(rng.integers(0, 256))
        reducer = Reducer()
        reducer.feed(bytes(broken[: int(rng.integers(1, len(broken)))]))
        reducer.finish(1)
        assert sum(reducer.counts.values()) > 0


def test_gap_leaves_windows_out_and_a_short_window_has_its_samples() -> None:
    data = encode_plan(PLAN) + block(3, 0, 50_000) + block(3, 500_000, 100_000)
    found, _ = run(data)
    assert sorted(found) == [(3, 100), (3, 600)]
    k = np.arange(1, 1001)
    assert found[3, 100]["fast.max"] == float(value("fast", 3, k).max())
    assert np.isnan(found[3, 100]["slow"]), "no sample of it in the half window"


def test_plan_that_contradicts_itself_is_refused() -> None:
    for wrong in (
        b"[]",
        b"{",
        b'{"game":"g","feed":"f","t0_us":0,"channels":[["a",0]],"sources":[1]}',
        b'{"game":"g","feed":"f","t0_us":0,"channels":[["a",1],["a",2]],"sources":[1]}',
    ):
        with pytest.raises(BadRecord) as bad:
            decode_plan(wrong)
        assert bad.value.reason == "bad plan"
    assert decode_plan(encode_plan(PLAN)[8:]) == PLAN


def test_raw_blocks_from_a_socket_replay_to_the_same_packets(tmp_path: Path) -> None:
    data = stream(2.0, [20_000])
    here, there = socket.socketpair()
    sender = threading.Thread(target=lambda: (there.sendall(data), there.close()))
    sender.start()
    packets: list[Telemetry] = []
    recorder = RawRecorder(tmp_path / "raw", part_bytes=100_000)
    with here:
        assert receive(here, Reducer(), packets.extend, lambda: 9, recorder) == len(data)
    recorder.close()
    sender.join()
    assert rows(packets) == run(data)[0]
    assert len(list((tmp_path / "raw").iterdir())) > 1
    assert b"".join(path.read_bytes() for path in sorted((tmp_path / "raw").iterdir())) == data
    again: list[Telemetry] = []
    assert replay(tmp_path / "raw", Reducer(), again.extend, lambda: 9) == len(data)
    assert rows(again) == rows(packets)
    with pytest.raises(BadInput, match="not empty"):
        RawRecorder(tmp_path / "raw")
    with pytest.raises(BadInput, match="no raw blocks"):
        replay(tmp_path / "nothing", Reducer(), again.extend, lambda: 9)


def test_connection_that_breaks_off_is_counted() -> None:
    data = stream(0.2, [20_000])
    here, there = socket.socketpair()
    threading.Thread(target=lambda: (there.sendall(data[:-5]), there.close())).start()
    reducer, packets = Reducer(), []  # type: ignore[var-annotated]
    with here:
        receive(here, reducer, packets.extend, lambda: 1)
    assert reducer.counts["quarantined", "truncated"] == 1
    assert packets


# -- hostile plans -----------------------------------------------------------------------------------------------------


def test_plans_take_no_memory_before_their_sources_send_and_there_are_few_of_them():
    reducer = Reducer()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    channels = [PlannedChannel(f"c{i}", 1) for i in range(65)]
    for i in range(200):
        plan = Plan(game=f"g{i}", feed="cars", t0_us=T0, channels=channels, sources=list(range(1_000)))
        reducer.feed(encode_plan(plan))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000
    assert reducer.counts["accepted", "plan"] == 4
    assert reducer.counts["quarantined", "too many plans"] == 196
    for i in range(200):
        reducer.feed(encode_plan(Plan(game=f"s{i}", feed="cars", t0_us=T0, channels=channels[:1], sources=[1])))
    assert len(reducer.games) <= 64


def test_plan_of_too_many_channels_in_all_is_counted_and_the_stream_goes_on():
    channels = [PlannedChannel(f"c{i}", 1) for i in range(512)]
    huge = encode_plan(Plan(game="g", feed="cars", t0_us=T0, channels=channels, sources=list(range(1_000))))
    found, reducer = run(huge + stream(1.0, [100_000]))
    assert reducer.counts["quarantined", "bad plan"] == 1
    assert found == run(stream(1.0, [100_000]))[0]


def test_plan_that_is_nested_a_thousand_times_discards_nothing():
    body = b'{"game":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    nested = PLAN_PREFIX.pack(b"TP", 1, 0, len(body)) + body
    found, reducer = run(nested + stream(1.0, [100_000]))
    assert reducer.counts["quarantined", "bad plan"] == 1
    assert found == run(stream(1.0, [100_000]))[0]


def test_empty_blocks_cannot_close_windows_without_end():
    channels = [PlannedChannel(f"c{i}", 1) for i in range(512)]
    plan = Plan(game="g", feed="cars", t0_us=T0, channels=channels, sources=[1])
    blocks = b"".join(encode_head(plan, 1, T0 + 100_000 * i + 1, 1, i, 0) for i in range(20_000) if i % 10)
    reducer = Reducer()
    reducer.feed(encode_plan(plan) + blocks)
    assert reducer.counts["quarantined", "too many windows"] > 5_000
    assert sum(len(packet) for packet in reducer.take(0)) < 8_000
