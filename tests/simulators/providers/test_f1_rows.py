"""A provider that measures more slowly than packets come: no value of its own is lost, and what was filled in makes no rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.sport import load_sport
from features.f1.channels import MEASURED
from simulators.providers import read
from simulators.providers._f1_windows import own_rows
from streaming.analysis.agreement import final_blocks
from streaming.analysis.channels import compare_channels
from streaming.recordings.reader import Recording
from streaming.recordings.writer import Writer
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Telemetry
from tests.simulators.providers.f1_made import rows, telemetry, write

OWN_S = 0.24


def _published() -> tuple[dict[str, list[Any]], dict[str, set[float]]]:
    """Telemetry as it is published: the cars' own whole km/h every 0.24 s, and halfway between them a row on the straight line; and
    the own speeds of each car, km/h."""
    even = telemetry()
    made: dict[str, list[Any]] = {name: [] for name in (*even, "brake")}
    own: dict[str, set[float]] = {}
    rng = np.random.default_rng(5)
    drivers, laps = np.array(even["driver"]), np.array(even["lap"])
    for driver in ("AAA", "BBB", "CCC"):
        for lap in range(1, 7):
            mine = np.flatnonzero((drivers == driver) & (laps == lap))
            time = np.array(even["time"])[mine]
            count = int(time[-1] / OWN_S)
            at = np.append(np.arange(count) * OWN_S, time[-1])
            speed = 2.0 * np.round((170 + 8 * np.cumsum(rng.choice([-1.0, 1.0], len(at))) % 60) / 2.0)
            speed[1::2] += 1.0  # an odd step between two rows: the row halfway is no whole number
            brake = (np.arange(len(at)) // 5 % 2).astype(float)
            both = np.sort(np.concatenate([at, (at[:-1] + at[1:]) / 2]))
            own.setdefault(driver, set()).update(speed.tolist())
            for t in both.tolist():
                made["driver"].append(driver)
                made["lap"].append(lap)
                made["time"].append(t)
                made["speed"].append(float(np.interp(t, at, speed)))
                made["brake"].append(float(brake[np.searchsorted(at, t, side="right") - 1]))
                for name in ("distance", "x", "y"):
                    made[name].append(float(np.interp(t, time, np.array(even[name])[mine])))
    return made, own


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Recording, dict[str, set[float]], dict[str, list[StatBlock]]]:
    folder = tmp_path_factory.mktemp("f1")
    seen, own = _published()
    imported = read("f1", write(folder / "race", rows(), seen=seen))
    with Writer(folder / "rec", imported.record) as writer:
        for one in imported.stream():
            writer.write(one)
    recording = Recording(folder / "rec")
    return imported, recording, own, final_blocks(recording, load_sport("f1"), {"f1.car.speed", "f1.car.brake"})


def _rows(blocks: list[StatBlock], subject: str) -> np.ndarray[Any, Any]:
    """(rows, 4): the values of a subject that went out, without the nulls that end one."""
    found = []
    for block in blocks:
        who = block.subjects.index(subject)
        assert block.live is not None
        found.append(np.asarray(block.values)[block.live[:, who], who])
    shown = np.concatenate(found)
    return shown[np.isfinite(shown).all(axis=1)]


def test_rows_hold_every_sent_value_and_no_filled_in_one(slow: Any) -> None:
    _, recording, own, blocks = slow
    for driver in ("AAA", "BBB", "CCC"):
        shown = _rows(blocks["f1.car.speed"], driver)
        seen = {round(v, 3) for v in shown[:, 3].tolist()}
        assert own[driver] <= seen
        race_s = recording.game.periods[0].end_us / 1e6 - recording.game.t0_us / 1e6
        assert len(shown) < 1.1 * race_s / OWN_S, "a row for each of the car's own, none for those between"
        assert (shown[:, 1] <= shown[:, 3] + 1e-3).all()
        assert (shown[:, 3] <= shown[:, 2] + 1e-3).all()


def test_a_brake_that_is_on_or_off_is_never_half_on(slow: Any) -> None:
    *_, blocks = slow
    assert set(_rows(blocks["f1.car.brake"], "AAA")[:, 3].tolist()) == {0.0, 100.0}


def test_figures_are_compared_with_the_provider_at_the_time_of_publication(slow: Any) -> None:
    imported, recording, _, blocks = slow
    agreement = compare_channels(recording, load_sport("f1"), imported.channel_references, blocks)[0]
    assert agreement.n == sum(len(_rows(blocks["f1.car.speed"], driver)) for driver in ("AAA", "BBB", "CCC"))
    assert agreement.worst < 1e-3


def test_windows_mark_which_of_them_were_measured(slow: Any) -> None:
    imported = slow[0]
    packets = [one for one in imported.stream() if isinstance(one, Telemetry)]
    measured = np.concatenate([packet.channels[MEASURED] for packet in packets])
    assert set(measured.tolist()) == {0.0, 1.0}
    assert measured.mean() == pytest.approx(0.1 / OWN_S, abs=0.03)


def test_own_rows_are_whole_or_off_the_line() -> None:
    t = np.arange(5) / 8.0
    nothing = np.full(5, np.nan)

    def own(speed: list[float], rpm: list[float] | None = None) -> list[bool]:
        columns = {"speed": np.array(speed), "rpm": nothing if rpm is None else np.array(rpm), "throttle": nothing}
        return own_rows(t, columns).tolist()

    assert own([100.0, 100.5, 101.0, 101.5, 102.0]) == [True, False, True, False, True]
    assert own([100.0, 103.5, 101.0, 101.5, 102.0]) == [True, True, True, False, True]
    assert own([100.0, 101.0, 102.0, 103.0, 104.0]) == [True] * 5, "whole km/h are the car's own, also on a line"
    assert own([100.0, 100.5, 101.0, 101.5, 102.0], [9000, 9500, 9100, 9150, 9200]) == [True, True, True, False, True]
    assert own_rows(t[:2], {"speed": np.array([1.5, 2.5]), "rpm": nothing[:2], "throttle": nothing[:2]}).tolist() == [True, True]
