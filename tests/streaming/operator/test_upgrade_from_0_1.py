"""A recording and a snapshot that version 0.1 wrote in the middle of a game: this version goes on to the same finals."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import touchline
from streaming.operator.game import GameOperator
from streaming.wire.blocks import StatBlock
from tests.streaming.toy import TOY

FOLDER = Path(__file__).parent / "data_of_0_1"
#: packets of this many samples were given to the operator; its snapshot was taken after half of all records
PACKET = 25


def finals(outputs: list[object]) -> list[list[object]]:
    settled = [output for output in outputs if isinstance(output, StatBlock) and output.settled]
    return sorted([update.id, update.value, update.revision] for block in settled for update in block.updates(0))


def test_snapshot_of_0_1_goes_on_to_the_same_finals() -> None:
    recording = touchline.open_recording(FOLDER / "recording")
    records = list(recording.records(max_samples=PACKET))
    operator = GameOperator(TOY, recording.game, {}, draw=False, provisional=False)
    operator.restore(gzip.decompress((FOLDER / "operator.snapshot.gz").read_bytes()))
    outputs: list[object] = []
    for record in records[len(records) // 2 :]:
        outputs += operator.on_record(record)
    outputs += operator.finish()
    expected = json.loads((FOLDER / "finals.json").read_text("utf-8"))
    assert len(expected) == 288
    assert json.loads(json.dumps(finals(outputs))) == expected
