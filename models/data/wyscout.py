"""Wyscout's open events as arrays: one reader for every model that is trained on them (shots, passes, results).

The data: Pappalardo, Cintia, Rossi et al. 2019, "A public data set of spatio-temporal match events in soccer competitions",
Scientific Data 6:236, CC BY 4.0, as two tables: ``events.parquet`` and ``matches.parquet`` (docs/models.md has their columns).

2.6 million events take some 3 s and 200 MB. Tags are bit flags, kinds of event small numbers, so that every query is
one comparison of arrays: ``(events.tags & flags(GOAL)) != 0``, ``events.kind == KIND["Shot", "Shot"]``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.training.tables import column, read_table

SOURCE: Final = "Wyscout events, Pappalardo et al. 2019"
TERMS: Final = "CC BY 4.0, naming the paper"
CREDIT: Final = (
    "Pappalardo, L., Cintia, P., Rossi, A. et al.: A public data set of spatio-temporal match events in soccer competitions. "
    "Scientific Data 6, 236 (2019), CC BY 4.0"
)
#: what games of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "wyscout"

#: codes of tags, by what they say
GOAL, OWN_GOAL, ASSIST, KEY_PASS = 101, 102, 301, 302
LEFT_FOOT, RIGHT_FOOT, HEAD = 401, 402, 403
LOST, NEUTRAL, WON = 701, 702, 703
HIGH, LOW, THROUGH = 801, 802, 901
INTERCEPTION, CLEARANCE, SLIDING_TACKLE = 1401, 1501, 1601
RED, YELLOW, SECOND_YELLOW = 1701, 1702, 1703
ACCURATE, NOT_ACCURATE, COUNTER, DANGEROUS_LOSS, BLOCKED = 1801, 1802, 1901, 2001, 2101
#: written when the outcome is known: never a feature
OPPORTUNITY: Final = 201

#: every tag there is, in the order of their bits
TAGS: Final[tuple[int, ...]] = (
    GOAL, OWN_GOAL, OPPORTUNITY, ASSIST, KEY_PASS, LEFT_FOOT, RIGHT_FOOT, HEAD, 501, 502, 503, 504, 601, 602, LOST, NEUTRAL, WON,
    HIGH, LOW, THROUGH, 1001, 1101, 1102, *range(1201, 1224), 1301, 1302, INTERCEPTION, CLEARANCE, SLIDING_TACKLE, RED, YELLOW,
    SECOND_YELLOW, ACCURATE, NOT_ACCURATE, COUNTER, DANGEROUS_LOSS, BLOCKED,
)  # fmt: skip
#: in the order of play; P is the shoot-out
PERIODS: Final = ("1H", "2H", "E1", "E2", "P")
SHOOTOUT: Final = 5

#: (event, sub-event) of Wyscout's second version
KINDS: Final[tuple[tuple[str, str], ...]] = (
    ("Pass", "Simple pass"), ("Pass", "High pass"), ("Pass", "Head pass"), ("Pass", "Hand pass"), ("Pass", "Launch"),
    ("Pass", "Smart pass"), ("Pass", "Cross"), ("Free Kick", "Throw in"), ("Free Kick", "Free Kick"),
    ("Free Kick", "Free kick cross"), ("Free Kick", "Goal kick"), ("Free Kick", "Corner"), ("Free Kick", "Free kick shot"),
    ("Free Kick", "Penalty"), ("Shot", "Shot"), ("Save attempt", "Save attempt"), ("Save attempt", "Reflexes"),
    ("Duel", "Air duel"), ("Duel", "Ground attacking duel"), ("Duel", "Ground defending duel"),
    ("Duel", "Ground loose ball duel"), ("Others on the ball", "Clearance"), ("Others on the ball", "Touch"),
    ("Others on the ball", "Acceleration"), ("Foul", "Foul"), ("Foul", "Hand foul"), ("Foul", "Simulation"),
    ("Foul", "Violent Foul"), ("Foul", "Out of game foul"), ("Foul", "Protest"), ("Foul", "Time lost foul"),
    ("Foul", "Late card foul"), ("Offside", ""), ("Interruption", "Ball out of the field"), ("Interruption", "Whistle"),
    ("Goalkeeper leaving line", "Goalkeeper leaving line"),
)  # fmt: skip
KIND: Final[dict[tuple[str, str], int]] = {word: i for i, word in enumerate(KINDS)}
#: an event of a kind that is not in ``KINDS``
UNKNOWN: Final = -1

_NEEDED: Final = ("match_id", "event_id", "period", "second", "team_id", "player_id", "event", "sub_event", "x", "y", "end_x",
                  "end_y", "tags")  # fmt: skip


@dataclass(frozen=True)
class Events:
    """N events of many matches in order: by match, period, second, event id.

    ``period`` 1 to 5 (5 is the shoot-out), ``second`` in the period, ``team`` and ``player`` 0 where none is named, ``kind`` an
    index into ``KINDS``, places 0..100 of length and width, every team attacking towards x = 100, y = 0 its left, NaN where there
    are none, ``tags`` 64 bit flags (``flags``)."""

    match: npt.NDArray[np.int64]
    id: npt.NDArray[np.int64]
    period: npt.NDArray[np.int8]
    second: Floats
    team: npt.NDArray[np.int64]
    player: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int8]
    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    end_x: npt.NDArray[np.float32]
    end_y: npt.NDArray[np.float32]
    tags: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.match)

    def take(self, at: npt.NDArray[Any]) -> Events:
        """The events ``at``: indices, or (N,) bool."""
        return Events(*(getattr(self, f.name)[at] for f in fields(self)))

    def has(self, *tags: int) -> npt.NDArray[np.bool_]:
        """(N,) whether the event carries one of ``tags``."""
        return np.asarray((self.tags & flags(*tags)) != 0, np.bool_)

    def of(self, *kinds: tuple[str, str]) -> npt.NDArray[np.bool_]:
        """(N,) whether the event is of one of ``kinds``."""
        return np.isin(self.kind, [KIND[kind] for kind in kinds])


@dataclass(frozen=True)
class Matches:
    """M matches. Scores are those of the whole match (with extra time where there was some, without the shoot-out)."""

    match: npt.NDArray[np.int64]
    competition: npt.NDArray[np.str_]
    date: npt.NDArray[np.str_]
    duration: npt.NDArray[np.str_]
    home: npt.NDArray[np.int64]
    away: npt.NDArray[np.int64]
    home_score: npt.NDArray[np.int64]
    away_score: npt.NDArray[np.int64]


def flags(*tags: int) -> np.uint64:
    """The bits of ``tags``.

    >>> int(flags(GOAL, OPPORTUNITY))
    5
    """
    return np.uint64(sum(1 << TAGS.index(tag) for tag in set(tags)))


def tags_of(bits: int) -> frozenset[int]:
    """The codes of tags whose bits are set.

    >>> sorted(tags_of(5))
    [101, 201]
    """
    return frozenset(tag for i, tag in enumerate(TAGS) if bits >> i & 1)


def is_here(folder: Path) -> bool:
    """Whether ``folder`` holds the events."""
    return (folder / "events.parquet").is_file()


def read_events(folder: Path) -> Events:
    """All events of ``folder``; ``ValueError`` with one sentence when the file is missing or is not what it should be."""
    path = folder / "events.parquet"
    table = read_table(path, _NEEDED)
    for name in ("match_id", "event_id", "period", "second", "team_id", "event"):
        if table[name].null_count:
            raise ValueError(f"{path} has an event without {name}")
    match, event_id, team = (column(table, name).astype(np.int64) for name in ("match_id", "event_id", "team_id"))
    player = np.nan_to_num(column(table, "player_id")).astype(np.int64)
    second, period, kind = column(table, "second"), _periods(table, path), _kinds(table)
    order = np.lexsort((event_id, second, period, match))
    x, y, end_x, end_y = (column(table, name).astype(np.float32)[order] for name in ("x", "y", "end_x", "end_y"))
    return Events(
        match[order],
        event_id[order],
        period[order],
        second[order],
        team[order],
        player[order],
        kind[order],
        x,
        y,
        end_x,
        end_y,
        _tag_bits(table, path)[order],
    )


def read_matches(folder: Path) -> Matches:
    """All matches of ``folder``; ``ValueError`` as of ``read_events``."""
    needed = (
        "match_id",
        "competition",
        "date",
        "duration",
        "home_id",
        "away_id",
        "home_score",
        "away_score",
        "home_score_extra",
        "away_score_extra",
    )
    table = read_table(folder / "matches.parquet", needed)
    for name in needed[:1] + needed[3:]:
        if table[name].null_count:
            raise ValueError(f"{folder / 'matches.parquet'} has a match without {name}")
    words = {name: np.array([str(v or "") for v in table[name].to_pylist()], np.str_) for name in needed[1:4]}
    longer = words["duration"] != "Regular"
    number = {name: column(table, name).astype(np.int64) for name in needed[:1] + needed[4:]}
    scores = (np.where(longer, number[f"{side}_score_extra"], number[f"{side}_score"]) for side in ("home", "away"))
    return Matches(
        number["match_id"], words["competition"], words["date"], words["duration"], number["home_id"], number["away_id"], *scores
    )


def content_of(ids: npt.NDArray[np.int64]) -> str:
    """What rows of these events are known by on a card: twelve hex digits."""
    return hashlib.sha256(np.sort(ids).tobytes()).hexdigest()[:12]


def _coded(values: Any) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """The distinct words of a column, and which each row has."""
    coded = values.combine_chunks().dictionary_encode()
    coded = coded.chunk(0) if hasattr(coded, "chunk") else coded
    return coded.dictionary.to_pylist(), np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)


def _periods(table: Any, path: Path) -> npt.NDArray[np.int8]:
    words, at = _coded(table["period"])
    strange = [word for word in words if word not in PERIODS]
    if strange:
        raise ValueError(f"{path} has {strange[0]!r} as a period, and a period is one of {', '.join(PERIODS)}")
    return np.array([PERIODS.index(word) + 1 for word in words], np.int8)[at] if words else np.empty(0, np.int8)


def _kinds(table: Any) -> npt.NDArray[np.int8]:
    events, which = _coded(table["event"])
    subs, sub = _coded(table["sub_event"])
    known = np.full((len(events), len(subs) + 1), UNKNOWN, np.int8)  # the last column: no sub-event
    for i, event in enumerate(events):
        for j, word in enumerate([*subs, ""]):
            known[i, j] = KIND.get((event, word or ""), UNKNOWN)
    return np.asarray(known[which, sub], np.int8) if events else np.empty(0, np.int8)


def _tag_bits(table: Any, path: Path) -> npt.NDArray[np.uint64]:
    """(N,) of the lists of codes; a code that is not in ``TAGS`` is left out."""
    import pyarrow

    lists = table["tags"].combine_chunks()
    lists = lists.chunk(0) if hasattr(lists, "chunk") and lists.num_chunks else lists
    if not pyarrow.types.is_list(lists.type):
        raise ValueError(f"{path}: tags are {lists.type}, not lists of codes")
    values = np.asarray(lists.flatten().fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    count = np.asarray(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    table_of = np.zeros(max(max(TAGS), int(values.max(initial=0))) + 1, np.uint64)
    for i, tag in enumerate(TAGS):
        table_of[tag] = np.uint64(1) << np.uint64(i)
    first = np.cumsum(count) - count
    some = count > 0
    out = np.zeros(len(count), np.uint64)
    if some.any():
        out[some] = np.bitwise_or.reduceat(table_of[np.clip(values, 0, None)], first[some])
    return out
