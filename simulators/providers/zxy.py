"""ZXY radio belts: raw samples of each belt on its own clock, about 20 Hz, as Parquet or CSV.

Our own reader (kloppy has none). Columns ``utc, sensor_id, x, y``, metres from a corner of the pitch, and the vendor's
own ``speed`` (m/s) where there is one, which travels as the channel ``vendor_speed_mps``: never a feature, but the
reference of an agreement. Rows lie in the order in which they arrived; that order is kept. One team wears belts, the
ball does not, so the file does not show the direction of attack: the record has 0, unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._files import number, pick, table
from simulators.providers._files import only as refuse_others
from simulators.providers._stream import PACKET, TRACKING_DELAY_US
from simulators.providers._xml import instant_us
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

LENGTH_M, WIDTH_M = 105.0, 68.0


def read(files: list[Path]) -> Imported:
    """One file of samples."""
    path = pick(files, "zxy", "samples.parquet (or .csv)", lambda name: name.endswith((".parquet", ".csv")))
    refuse_others(files, [path], "zxy", "one samples.parquet or .csv")
    seen = table(path, "zxy", ("utc", "sensor_id", "x", "y"))
    if not len(seen["utc"]):
        raise BadInput(f"{path} holds no samples")
    # the vendor's clock has nanoseconds: rounded down, so that equal instants stay equal
    t_us, belt = _clock_us(seen["utc"], path), _belts(seen["sensor_id"], path)
    x = (_floats(seen["x"], path, "x") - LENGTH_M / 2).astype(np.float32)
    y = (_floats(seen["y"], path, "y") - WIDTH_M / 2).astype(np.float32)
    speed = _floats(seen["speed"], path, "speed").astype(np.float32) if "speed" in seen else None
    placed = np.isfinite(x) & np.isfinite(y)
    t_us, belt, x, y = t_us[placed], belt[placed], x[placed], y[placed]
    speed = speed[placed] if speed is not None else None
    if not len(t_us):
        raise BadInput(f"{path} holds no sample with a place")
    arrival_us = np.maximum.accumulate(t_us) + TRACKING_DELAY_US
    z = np.zeros(len(t_us), np.float32)
    belts = np.unique(belt).tolist()
    day = str(t_us[:1].view("datetime64[us]")[0].astype("datetime64[D]"))
    game = f"zxy-{day}"
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=int(t_us.min()),
        title=f"ZXY belts, {day}",
        teams=(Team(id="home", name="Belts"), Team(id="away", name="Without belts")),
        entities=[Entity(id=f"belt-{n}", name=f"Belt {n}", team="home", shirt=n) for n in belts]
        + [Entity(id="ball", name="Ball", role="ball")],
        tags=[Tag(tag=n, entity=f"belt-{n}") for n in belts],
        feeds=[Feed(name="belts", kind="telemetry", rate_hz=20.0, aligned=False)],
        periods=[Period(number=1, start_us=int(t_us.min()), home_attacks=0)],
        grid_hz=20.0,
        length_m=LENGTH_M,
        width_m=WIDTH_M,
        provenance={
            "provider": "zxy",
            "files": path.name,
            "source": "ZXY radio belts, raw samples",
            "terms": "those of your source of the file; the Tromsø data ask to cite Pettersen et al., MMSys 2014",
            "clock": "each belt's own UTC stamps, to the microsecond",
            "arrival": f"synthetic: in the order of the file, {TRACKING_DELAY_US // 1000} ms after the latest stamp",
            "direction": "not in the file: unknown",
        },
    )

    def stream() -> Iterator[Telemetry | Event]:
        for lo in range(0, len(t_us), PACKET):
            rows = slice(lo, lo + PACKET)
            channels = {} if speed is None else {"vendor_speed_mps": speed[rows]}
            yield Telemetry(game, "belts", t_us[rows], belt[rows], x[rows], y[rows], z[rows], arrival_us[rows], channels=channels)

    references = {"soccer.player.speed": ("vendor_speed_mps", 1.0)} if speed is not None else {}
    return Imported(record, stream, len(t_us), channel_references=references)


def _floats(column: npt.NDArray[Any], path: Path, name: str) -> npt.NDArray[np.float64]:
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        return np.array([number(cell, path, name) for cell in column])


def _clock_us(column: npt.NDArray[Any], path: Path) -> npt.NDArray[np.int64]:
    """Stamps as the table has them: times, or text in ISO 8601 (UTC where no zone is given)."""
    if column.dtype.kind == "M":
        return column.astype("datetime64[us]").astype(np.int64)
    return np.array([instant_us(str(cell), path, "utc") for cell in column], np.int64)


def _belts(column: npt.NDArray[Any], path: Path) -> npt.NDArray[np.uint32]:
    values = _floats(column, path, "sensor_id")
    wrong = np.flatnonzero(~((values >= 0) & (values < 2**32) & (values == np.floor(values))))
    if len(wrong):
        raise BadInput(f"{path} has {column[wrong[0]]!r} in sensor_id, row {int(wrong[0]) + 1}, where a number of a belt belongs")
    return values.astype(np.uint32)
