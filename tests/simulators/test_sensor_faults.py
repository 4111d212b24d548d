"""Sensor faults: as strong as given, the same for the same seed, and never an added sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.sensor_faults import METRES_PER_INCH, Faults, apply, check_lateness, declare, unsynchronised
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

STEP_US = 40_000
T0 = 1_700_000_000_000_000
TAGS = np.array([0, 7, 70_000], np.uint32)

RECORD = GameRecord(
    game="g",
    sport="soccer",
    t0_us=T0,
    teams=(Team(id="home", name="H"), Team(id="away", name="A")),
    entities=[Entity(id="ball", role="ball"), Entity(id="p", team="home"), Entity(id="q", team="away")],
    tags=[Tag(tag=int(t), entity=e) for t, e in zip(TAGS, ("ball", "p", "q"), strict=True)],
    feeds=[Feed(name="tracking", kind="telemetry", rate_hz=25, lateness_ms=100, aligned=True), Feed(name="events", kind="events")],
    periods=[Period(number=1, start_us=T0)],
)


def faults(stream: Iterable[Telemetry | Event], seed: int, **wrong: float) -> Iterator[Telemetry | Event]:
    return apply(stream, seed, Faults(**wrong))


def frames(n: int, gap_at: int = -1) -> list[Telemetry | Event]:
    """Three tags walking along straight lines at 1, 2 and 3 m/s; an event each second; 10 s missing before frame ``gap_at``."""
    out: list[Telemetry | Event] = []
    for k in range(n):
        t = T0 + k * STEP_US + (10_000_000 if 0 <= gap_at <= k else 0)
        s = (t - T0) / 1e6
        x = (np.array([1.0, 2.0, 3.0]) * s).astype(np.float32)
        z, play = np.zeros(3, np.float32), np.ones(3, np.float32)
        out.append(Telemetry("g", "tracking", np.full(3, t), TAGS, x, -x, z, t + 5_000, channels={"in_play": play}))
        if k % 25 == 24:
            out.append(Event(id=f"e{k}", game="g", type="pass", t_us=t, arrival_us=t + 6_000))
    return out


def samples(stream: list[Telemetry | Event]) -> dict[tuple[int, int], list[tuple[float, float, float]]]:
    found: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
    for packet in stream:
        if isinstance(packet, Telemetry):
            for row in range(len(packet)):
                key = int(packet.tag[row]), int(packet.t_us[row])
                found.setdefault(key, []).append((float(packet.x_m[row]), float(packet.y_m[row]), float(packet.z_m[row])))
    return found


def arrivals(stream: list[Telemetry | Event]) -> list[int]:
    return [r.arrival_us if isinstance(r.arrival_us, int) else int(r.arrival_us[-1]) for r in stream]


def flat(stream: list[Telemetry | Event]) -> list[object]:
    return [
        r if isinstance(r, Event) else (r.arrival_us, *(getattr(r, n).tolist() for n in ("t_us", "tag", "x_m", "y_m", "z_m")))
        for r in stream
    ]


def test_no_faults_change_nothing() -> None:
    clean = frames(60)
    assert list(faults(iter(clean), 3)) == clean


def test_noise_has_the_given_standard_deviation_in_inches() -> None:
    clean, noisy = samples(frames(2000)), samples(list(faults(frames(2000), 5, noise_in=2.0)))
    assert clean.keys() == noisy.keys()
    off = np.array([np.subtract(noisy[key][0], clean[key][0]) for key in clean])
    assert off.std(axis=0) == pytest.approx(2.0 * 0.0254, rel=0.04)
    assert np.abs(off.mean(axis=0)).max() < 0.003
    assert pytest.approx(0.0254) == METRES_PER_INCH


def test_loss_and_duplicates_have_the_given_share() -> None:
    clean = frames(4000)
    lossy = samples(list(faults(clean, 1, loss=0.1)))
    assert len(lossy) / 12_000 == pytest.approx(0.9, abs=0.01)
    doubled = samples(list(faults(clean, 1, duplicates=0.2)))
    assert sum(len(v) for v in doubled.values()) / 12_000 == pytest.approx(1.2, abs=0.015)
    assert all(len(set(v)) == 1 for v in doubled.values())


def test_disorder_reorders_packets_within_its_bound() -> None:
    out = list(faults(frames(1000), 2, disorder_ms=60))
    assert arrivals(out) == sorted(arrivals(out))
    times = [int(r.t_us[0]) for r in out if isinstance(r, Telemetry)]
    assert times != sorted(times)
    late = [r.arrival_us - int(r.t_us[0]) for r in out if isinstance(r, Telemetry) and isinstance(r.arrival_us, int)]
    assert 40_000 < max(late) <= 65_000


def test_jitter_delays_packets_in_order() -> None:
    out = [r for r in faults(frames(500), 2, jitter_ms=70) if isinstance(r, Telemetry)]
    times = [int(r.t_us[0]) for r in out]
    assert times == sorted(times)
    late = np.array([r.arrival_us for r in out]) - np.array(times)
    assert late.max() <= 75_000
    assert late.std() > 5_000


def test_clock_skew_gives_each_tag_a_rate_of_its_own() -> None:
    out = [r for r in faults(frames(1500), 11, clock_skew_ppm=100, clock_offset_ms=5) if isinstance(r, Telemetry)]
    first, last = out[0], out[-1]
    offset = first.t_us - T0
    assert len(set(offset.tolist())) == 3
    assert np.abs(offset).max() <= 15_000
    drift = (last.t_us - (T0 + 1499 * STEP_US) - offset) / (1499 * STEP_US) * 1e6
    assert len(set(np.round(drift, 1).tolist())) == 3
    assert np.abs(drift).max() <= 300.1


@pytest.mark.slow
def test_dropout_silences_single_tags_for_its_mean_length() -> None:
    n = 15_000  # ten minutes
    got = samples(list(faults(frames(n), 4, dropout_per_minute=2, dropout_s=3)))
    share = 1 - len(got) / (3 * n)
    assert 0.04 < share < 0.16  # 3 s in every 33 on average
    seen = np.array([(0, T0 + k * STEP_US) in got for k in range(n)])
    spells = np.flatnonzero(np.diff(seen.astype(int)) == -1)
    assert 5 <= len(spells) <= 40
    assert (~seen).sum() / len(spells) > 20  # frames a spell


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**62),
    loss=st.floats(0, 1),
    duplicates=st.floats(0, 1),
    disorder_ms=st.floats(0, 200),
    jitter_ms=st.floats(0, 100),
    dropout=st.floats(0, 60),
)
def test_faults_add_no_sample_and_repeat_with_the_seed(
    seed: int, loss: float, duplicates: float, disorder_ms: float, jitter_ms: float, dropout: float
) -> None:
    clean = frames(30)
    wrong = {
        "loss": loss,
        "duplicates": duplicates,
        "disorder_ms": disorder_ms,
        "jitter_ms": jitter_ms,
        "dropout_per_minute": dropout,
    }
    out = list(faults(iter(clean), seed, **wrong))
    assert flat(out) == flat(list(faults(iter(clean), seed, **wrong)))
    assert arrivals(out) == sorted(arrivals(out))
    truth = samples(clean)
    for key, values in samples(out).items():
        assert set(values) == set(truth[key])
        assert len(values) <= 2
    assert {e.id for e in out if isinstance(e, Event)} == {e.id for e in clean if isinstance(e, Event)}


def test_a_packet_of_many_arrivals_gets_the_faults_of_single_packets() -> None:
    one = frames(50)
    packed = [r for r in one if isinstance(r, Telemetry)]
    many = Telemetry(
        "g",
        "tracking",
        *(np.concatenate([getattr(p, c) for p in packed]) for c in ("t_us", "tag", "x_m", "y_m", "z_m")),
        np.repeat([p.arrival_us for p in packed], 3),
        channels={"in_play": np.ones(150, np.float32)},
    )
    assert flat(list(faults([many], 8, loss=0.3, noise_in=1))) == flat(list(faults(packed, 8, loss=0.3, noise_in=1)))


def test_unsynchronised_tags_are_interpolated_between_frames() -> None:
    record, stream = unsynchronised(RECORD, frames(200, gap_at=100), seed=3)
    assert not record.feeds[0].aligned
    assert record.feeds[1] == RECORD.feeds[1]
    out = [r for r in stream if isinstance(r, Telemetry)]
    t = np.concatenate([p.t_us for p in out])
    tag = np.concatenate([p.tag for p in out])
    x = np.concatenate([p.x_m for p in out])
    y = np.concatenate([p.y_m for p in out])
    pace = {0: 1.0, 7: 2.0, 70_000: 3.0}
    s = (t - T0) / 1e6
    assert x == pytest.approx(np.array([pace[k] for k in tag.tolist()]) * s, abs=2e-5)
    assert (x == -y).all()
    assert not ((s > 3.96) & (s < 14.0)).any()
    phases = {k: (t[tag == k][0] - T0) % STEP_US for k in pace}
    assert len(set(phases.values())) == 3
    for k in pace:
        steps = np.diff(t[tag == k])
        steps = steps[steps < 1_000_000]
        assert steps == pytest.approx(np.full(len(steps), STEP_US), abs=3)


def test_bad_faults_are_bad_input() -> None:
    with pytest.raises(BadInput, match="loss is a share"):
        Faults(loss=1.5)
    with pytest.raises(BadInput, match="noise in is a number"):
        Faults(noise_in=float("nan"))
    with pytest.raises(BadInput, match="exceed the lateness of 100 ms"):
        check_lateness(RECORD, Faults(disorder_ms=90))
    check_lateness(RECORD, Faults(disorder_ms=60, loss=0.5))


def test_the_record_names_the_faults() -> None:
    declared = declare(RECORD, Faults(noise_in=2, clock_skew_ppm=10))
    assert declared.provenance == {"fault.noise_in": "2", "fault.clock_skew_ppm": "10"}
    assert not declared.feeds[0].aligned
    assert declare(RECORD, Faults(noise_in=2)).feeds[0].aligned
