"""Stats as lines of JSON, the very messages a subscriber gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from streaming import topics
from streaming.blocks import Output, StatBlock
from streaming.errors import BadInput, Unavailable
from streaming.parts import AllOrNothing, reason
from streaming.records import encode

_BUFFER_BYTES = 1 << 20


class StatJsonlSink(AllOrNothing):
    """One file of StatUpdates at ``path``, a line each, there when the run has ended well.

    ``final_only`` leaves out provisional and stale values.
    """

    def __init__(self, path: str | Path, *, final_only: bool = False, overwrite: bool = False) -> None:
        super().__init__(path, folder=False, overwrite=overwrite)
        self.final_only = final_only
        try:
            self._file = self._staged.temporary.open("wb", buffering=_BUFFER_BYTES)
        except OSError as error:
            self._staged.abandon()
            raise BadInput(f"cannot write {path}: {reason(error)}") from error

    def write(self, outputs: list[Output], published_us: int) -> None:
        try:
            for output in outputs:
                if isinstance(output, StatBlock) and not (self.final_only and output.quality != "final"):
                    self._file.writelines(lines(output, published_us))
        except OSError as error:
            raise Unavailable(f"cannot write {self._staged.path}: {reason(error)}") from error

    def _complete(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise Unavailable(f"cannot write {self._staged.path}: {reason(error)}") from error

    def _stop(self) -> None:
        self._file.close()


def lines(block: StatBlock, published_us: int) -> Iterator[bytes]:
    """What ``encode`` makes of each of ``block.updates(published_us)``, with a newline.

    Blocks of plain numbers are put together from pieces encoded once for the block: several times faster than a message
    each, and equal to the byte.
    """
    numbers = isinstance(block.values, np.ndarray) and block.values.dtype.kind == "f" and block.values.ndim in (2, 3)
    if not numbers or block.event is not None or not len(block):
        for update in block.updates(published_us):
            yield encode(update) + b"\n"
        return
    # the first row, made by the real encoder, says how everything around id, subject, value and clocks is spelt
    sample = encode(msgspec.structs.replace(next(block.updates(published_us)), id="", subject="", value=None))
    unit, _, rest = sample.partition(b'"value":null')[2].partition(b',"window_us":')
    tail = rest[rest.index(b"}") + 1 :] + b"\n"
    word = msgspec.json.encode
    common = b'","stat":%b,"game":%b,"sport":%b,"subject":' % (word(block.stat), word(block.game), word(block.sport))
    heads = [word(topics.window_id(block.game, block.stat, s, 0))[:-2] for s in block.subjects]
    names = [common + word(s) + b',"value":' for s in block.subjects]
    for k, (end, ingress) in enumerate(zip(block.end_us.tolist(), block.ingress_us.tolist(), strict=True)):
        text = word(block.values[k].astype(np.float64).tolist())
        cells = text[1:-1].split(b",") if block.values.ndim == 2 else [b"[%b]" % v for v in text[2:-2].split(b"],[")]
        clocks = b'%b,"window_us":[%d,%d],"clocks":{"event_us":%d,"ingress_us":%d,"published_us":%d}%b' % (
            unit, end - block.span_us, end, end, ingress, published_us, tail,
        )  # fmt: skip
        stamp = b"%d" % end
        live = range(len(cells)) if block.live is None else np.flatnonzero(block.live[k]).tolist()
        for s in live:
            yield b'{"id":' + heads[s] + stamp + names[s] + cells[s] + clocks
