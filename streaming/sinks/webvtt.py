"""The match as a subtitle track: every final story at its time, in one language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from features.common.commentary import Cue, from_value, to_webvtt
from streaming.errors import BadInput
from streaming.recordings.parquet_parts import AtomicWriter
from streaming.sinks.base import SinkOptions, file_of
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
        self._stories: dict[str, tuple[int, int, str]] = {}

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        for block in outputs:
            if not isinstance(block, StatBlock) or block.stat != STORY or block.quality != "final" or block.event is None:
                continue
            text = ""
            if block.values[0][0] is not None:
                sentences = from_value(block.values[0][0])
                if self.language not in sentences:
                    raise BadInput(f"no stories in {self.language!r}: there are {', '.join(sorted(sentences))}")
                text = sentences[self.language]
            known = self._stories.get(block.event)
            if known is None or known[0] <= block.revision:
                self._stories[block.event] = (block.revision, int(block.end_us[0]), text)

    def _complete(self) -> None:
        cues = [
            Cue(start_s := (t_us - self.t0_us) / 1e6, start_s + READING_S, text) for _, t_us, text in self._stories.values() if text
        ]
        try:
            self._staged.temporary.write_text(to_webvtt(cues), "utf-8")
        except OSError as error:
            raise BadInput(f"cannot write subtitles: {error.strerror}") from None

    def _stop(self) -> None:
        """Nothing is open between writes."""


def open_webvtt(url: str, options: SinkOptions) -> StoryVttSink:
    """The sink of ``FILE.vtt``; ``BadInput`` for several games, whose times would count from several starts."""
    if options.game is None:
        raise BadInput(f"{file_of(url).name}: a .vtt file holds the stories of one game, as of a recording")
    return StoryVttSink(file_of(url), options.game.t0_us, language=options.language, overwrite=options.overwrite)
