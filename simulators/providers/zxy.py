"""ZXY radio belts: raw samples of each belt on its own clock, about 20 Hz, as Parquet or CSV.

Our own reader (kloppy has none). Columns ``utc, sensor_id, x, y``, metres from a corner of the pitch, and the vendor's
own ``speed`` (m/s) where there is one, which travels as the channel ``vendor_speed_mps``: never a feature, but the
reference of an agreement. Rows lie in the order in which they arrived; that order is kept. One team wears belts, the
ball does not, so which way they attack cannot be told from the file: the record says +x.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulators.providers import Imported
from simulators.providers._files import only as refuse_others
from simulators.providers._files import pick, table
from simulators.providers._stream import PACKET, TRACKING_DELAY_US
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

LENGTH_M, WIDTH_M = 105.0, 68.0


def read(files: list[Path]) -> Imported:
    """One file of samples."""
    path = pick(files, "zxy", "samples.parquet (or .csv)", lambda name: name.endswith((".parquet", ".csv")))
    refuse_others(files, [path], "zxy", "one samples.parquet or .csv")
    seen = table(path, "zxy", ("utc", "sensor_id", "x", "y"))
    if not len(seen["utc"]):
        raise BadInput(f"{path} holds no samples")
    try:
        # the vendor's clock has nanoseconds: rounded down, so that equal instants stay equal
        t_us = seen["utc"].astype("datetime64[us]").astype(np.int64)
        belt = seen["sensor_id"].astype(np.uint32)
        x = (seen["x"].astype(np.float64) - LENGTH_M / 2).astype(np.float32)
        y = (seen["y"].astype(np.float64) - WIDTH_M / 2).astype(np.float32)
        speed = seen["speed"].astype(np.float32) if "speed" in seen else None
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path} is no zxy file: {error}") from error
    arrival_us = np.maximum.accumulate(t_us) + TRACKING_DELAY_US
    z = np.zeros(len(t_us), np.float32)
    belts = np.unique(belt).tolist()
    day = str(seen["utc"][0].astype("datetime64[D]"))
    game = f"zxy-{day}"
    record = GameRecord(
        game=game, sport="soccer", t0_us=int(t_us.min()), title=f"ZXY belts, {day}",
        teams=(Team(id="home", name="Belts"), Team(id="away", name="Without belts")),
        entities=[Entity(id=f"belt-{n}", name=f"Belt {n}", team="home", shirt=n) for n in belts]
        + [Entity(id="ball", name="Ball", role="ball")],
        tags=[Tag(tag=n, entity=f"belt-{n}") for n in belts],
        feeds=[Feed(name="belts", kind="telemetry", rate_hz=20.0, aligned=False)],
        periods=[Period(number=1, start_us=int(t_us.min()), home_attacks=1)],
        grid_hz=20.0, length_m=LENGTH_M, width_m=WIDTH_M,
        provenance={
            "provider": "zxy", "files": path.name, "source": "ZXY radio belts, raw samples",
            "terms": "those of whoever gave you the file; the Tromsø data ask to cite Pettersen et al., MMSys 2014",
            "clock": "each belt's own UTC stamps, to the microsecond",
            "arrival": f"synthetic: in the order of the file, {TRACKING_DELAY_US // 1000} ms after the latest stamp",
            "direction": "not in the file: taken to be +x",
        },
    )  # fmt: skip

    def stream() -> Iterator[Telemetry | Event]:
        for lo in range(0, len(t_us), PACKET):
            rows = slice(lo, lo + PACKET)
            channels = {} if speed is None else {"vendor_speed_mps": speed[rows]}
            yield Telemetry(
                game, "belts", t_us[rows], belt[rows], x[rows], y[rows], z[rows], arrival_us[rows], channels
            )

    references = {"soccer.player.speed": ("vendor_speed_mps", 1.0)} if speed is not None else {}
    return Imported(record, stream, len(t_us), channel_references=references)
