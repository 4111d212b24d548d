"""The match as a subtitle track: every final story, when it was told, in one language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from features.common.commentary import Cue, from_value, to_webvtt
from streaming.errors import BadInput
from streaming.recordings.parquet_parts import AtomicWriter
from streaming.wire.blocks import Output, StatBlock

STORY: Final = "game.story"
#: how long a sentence stays, s
READING_S: Final = 6.0


class StoryVttSink(AtomicWriter):
    """One WebVTT file at ``path``, there when the run has ended well. Times count from the game's t0 (``t0_us``); a corrected
    story replaces what it corrects, a withdrawn one is left out. ``BadInput`` when a story lacks ``language``."""

    def __init__(self, path: str | Path, t0_us: int, *, language: str = "en", overwrite: bool = False) -> None:
        super().__init__(path, folder=False, overwrite=overwrite)
        self.t0_us, self.language = t0_us, language
        self._told: dict[str, tuple[int, int, str]] = {}

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        for block in outputs:
            if not isinstance(block, StatBlock) or block.stat != STORY or block.quality != "final" or block.event is None:
                continue
            text = ""
            if block.values[0][0] is not None:
                told = from_value(block.values[0][0])
                if self.language not in told:
                    raise BadInput(f"no stories in {self.language!r}: there are {', '.join(sorted(told))}")
                text = told[self.language]
            known = self._told.get(block.event)
            if known is None or known[0] <= block.revision:
                self._told[block.event] = (block.revision, int(block.end_us[0]), text)

    def _complete(self) -> None:
        cues = [
            Cue(start_s := (t_us - self.t0_us) / 1e6, start_s + READING_S, text) for _, t_us, text in self._told.values() if text
        ]
        try:
            self._staged.temporary.write_text(to_webvtt(cues), "utf-8")
        except OSError as error:
            raise BadInput(f"cannot write subtitles: {error.strerror}") from None

    def _stop(self) -> None:
        """Nothing is open between writes."""
