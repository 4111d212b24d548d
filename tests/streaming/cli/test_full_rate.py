"""Both ends of the full rate as commands: what one sends the other records, reduced; what cannot be done is one sentence."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from streaming.cli.app import run
from streaming.recordings.reader import Recording
from tests.waiting import TIMEOUT_S


def test_full_rate_stream_is_recorded_as_window_statistics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    receiving = threading.Thread(
        target=run,
        args=(
            [
                "full-rate",
                "receive",
                "--out",
                str(tmp_path / "rec"),
                "--raw",
                str(tmp_path / "raw"),
                "--port",
                str(port),
                "--seed",
                "3",
                "--minutes",
                "1",
                "--json",
            ],
        ),
    )
    receiving.start()
    sent = 2
    until_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until_s:  # until the other end listens
        sent = run(
            ["full-rate", "send", f"127.0.0.1:{port}", "--seed", "3", "--minutes", "1", "--seconds", "0.5", "--speed", "max"]
        )
        if sent == 0:
            break
    receiving.join(TIMEOUT_S)
    assert sent == 0
    figures = json.loads(next(line for line in capsys.readouterr().out.splitlines() if line.startswith("{")))
    assert figures["samples"] == 5 * 20
    assert figures["accepted: block"] == 25 * 20
    recording = Recording(tmp_path / "rec")
    assert recording.samples == 5 * 20
    assert recording.game.sport == "f1"
    assert sum(path.stat().st_size for path in (tmp_path / "raw").iterdir()) == figures["received_bytes"]


def test_full_rate_options_that_contradict_are_refused_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, sentence in ((["send", "nowhere"], "is no address"), (["send", "127.0.0.1:9"], "no process listens")):
        assert run(["full-rate", *arguments]) == 2
        output = capsys.readouterr().err
        assert sentence in output
        assert "\n" not in output.strip()
