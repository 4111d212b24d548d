"""The shared small cases of NFL files, each after a public report: all of them are one play, written in eight ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.providers import read
from streaming.factory import operator_for
from streaming.wire.records import Event
from tests.conftest import real_folder
from tests.simulators.providers.test_ngs import event_values
from tests.simulators.providers.test_ngs_years import WORDS
from tests.streaming import helpers

pytestmark = pytest.mark.real
CASES = real_folder().parent / "cases" / "09-nfl-bdb"
NAMES = ("in-plain", "in-csv", "in-bdb", "in-latename", "in-absent", "in-nanid", "in-noball", "in-dupframes")


@pytest.mark.parametrize("name", NAMES)
def test_every_case_is_read(name: str) -> None:
    if not CASES.is_dir():
        pytest.skip(f"the small cases are not at {CASES}")
    folder: Path = CASES / name
    imported = read("ngs", sorted(folder.iterdir()), "2018090900/75")
    events = [record for record in imported.stream() if isinstance(record, Event)]
    assert [event.type for event in events] == WORDS
    assert {event.team for event in events} == {"home"}
    assert len(imported.record.entities) == 23
    assert (imported.record.teams[0].name, imported.record.teams[1].name) == ("HOM", "AWY")
    assert events[0].attrs["clock_s"] == 720.0 + 2700.0, "12:00:00 is twelve minutes"
    assert events[0].attrs["to_goal_yd"] == 50.0
    assert ("home_points" in events[0].attrs) == (name != "in-bdb"), "the public files do not name the home team"
    shown = event_values(helpers.play(operator_for(imported.record), list(imported.stream())))
    if name != "in-noball":
        assert shown["nfl.passer.time_to_throw"] == pytest.approx([2.0])
        assert shown["nfl.pass.air_yards"] == pytest.approx([24.0], abs=0.01)
    else:
        assert not {stat for stat in shown if stat.startswith(("nfl.pass", "nfl.receiver"))}, "there is no ball to measure"
