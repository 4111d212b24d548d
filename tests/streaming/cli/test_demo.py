"""``touchline demo``: a game that ends early fails the command."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from simulators.soccer.game import Match
from streaming.cli.app import run
from streaming.wire.records import Event, Telemetry


@pytest.mark.slow
def test_game_that_ends_early_is_reported_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Match.stream

    def breaks(self: Match, frames_per_packet: int = 1) -> Iterator[Telemetry | Event]:
        for n, record in enumerate(whole(self, frames_per_packet)):
            if frames_per_packet == 1 and n == 30:
                raise RuntimeError("the sun went down")
            yield record

    monkeypatch.setattr(Match, "stream", breaks)
    assert run(["demo", "soccer", "--minutes", "1", "--for", "20", "--port", "0", "--json"]) == 2
    captured = capsys.readouterr()
    (result,) = json.loads(captured.out.splitlines()[-1])
    assert result["kept_up"] is False
    assert "soccer-2 ended: the sun went down" in captured.err
    assert captured.err.splitlines()[-1] == "touchline: soccer-2 ended early: the reason is above"
