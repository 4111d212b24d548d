"""The options --speed and --from as numbers."""

from __future__ import annotations

import pytest

from streaming.cli.parsing import parse_from, parse_speed
from streaming.errors import BadInput


@pytest.mark.parametrize(("text", "speed"), [("1", 1.0), ("10", 10.0), ("2.5x", 2.5), ("max", None)])
def test_a_speed_is_a_number_and_max_is_none(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e9"])
def test_a_speed_out_of_range_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="not a speed"):
        parse_speed(text)


@pytest.mark.parametrize(("text", "seconds"), [("12:30", 750.0), ("1:02:03", 3723.0), ("90", 90.0), ("0:00.5", 0.5)])
def test_a_start_time_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_from(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-3", "1:2:3:4", "nan", "1e9"])
def test_a_start_time_that_is_none_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="not a time"):
        parse_from(text)
