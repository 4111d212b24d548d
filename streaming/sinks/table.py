"""Stats as one Arrow table in memory, for a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa

from streaming.errors import BadInput
from streaming.recordings.stat_table import STAT_SCHEMA, stat_table
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.topics import pattern

#: blocks are turned into Arrow columns in groups of so many cells, which bounds what is held in both forms
_GROUP_CELLS = 500_000


class StatTableSink:
    """Collects the stat blocks that ``wanted`` names; ``table()`` gives them as columns, as in the Parquet files.

    Parameters
    ----------
    wanted : decides by the stat's id
    final_only : leave out provisional and stale values
    """

    def __init__(self, wanted: Callable[[str], bool] = lambda stat: True, *, final_only: bool = True) -> None:
        self._wanted, self._final_only = wanted, final_only
        self._waiting: list[tuple[StatBlock, int]] = []
        self._cells = 0
        self._tables: list[pa.Table] = []

    def write(self, outputs: list[Output], published_us: int) -> None:
        for output in outputs:
            if isinstance(output, StatBlock) and self._wanted(output.stat) and (output.settled or not self._final_only):
                self._waiting.append((output, published_us))
                self._cells += len(output.end_us) * len(output.subjects)
        if self._cells >= _GROUP_CELLS:
            self._convert()

    def close(self) -> None:
        self._convert()

    def table(self) -> pa.Table:
        """A row per id, in the order of publication. Where an id was published more than once (a correction, or a provisional
        value before the final one) the last row stands."""
        self._convert()
        if not self._tables:
            return STAT_SCHEMA.empty_table()
        table = pa.concat_tables(self._tables).unify_dictionaries()
        code = table["id"].combine_chunks().dictionary_encode().indices.to_numpy()
        last = np.zeros(int(code.max(initial=-1)) + 1, np.int64)
        last[code] = np.arange(len(code))  # of equal ids the last assignment stands
        return table if len(last) == len(code) else table.take(pa.array(np.sort(last)))

    def _convert(self) -> None:
        if self._waiting:
            self._tables.append(stat_table(self._waiting))
        self._waiting, self._cells = [], 0


def stat_filter(wanted: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """The ids among ``known`` that match one of the names or patterns in ``wanted``; ``BadInput`` for one that matches none.

    >>> sorted(stat_filter(["soccer.shot.*"], ["soccer.shot.xgoals", "soccer.shot.speed", "soccer.ball.speed"]))
    ['soccer.shot.speed', 'soccer.shot.xgoals']
    """
    ids, found = tuple(known), set[str]()
    for text in wanted:
        try:
            expression = pattern(text)
        except ValueError as error:
            raise BadInput(str(error)) from None
        matching = [stat for stat in ids if expression.match(stat)]
        if not matching:
            raise BadInput(f"no stat matches {text!r}: touchline catalogue lists them")
        found.update(matching)
    return frozenset(found)
